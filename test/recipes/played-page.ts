// A page of the documents, played against a real server: the same page with what its scripts print here, and the files as they are.
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServerProcess } from "../support/server-process.ts";
import { makeHider } from "../support/varying-text.ts";
import { runScripts } from "./bash-session.ts";
import { parsePage, renderPage, type Step } from "./recipe-page.ts";

const IS_UPDATE = process.env["UPDATE"] === "1";
/** With UPDATE=1 the first is written. */
const TRIES = IS_UPDATE ? 1 : 3;
/** A field or member with a time to live; its seconds. */
const TTL = /(\bTTL: |"ttl": )(\d+)/g;
/** How many seconds a time to live may have run down on a slow machine before it is another output. */
const TTL_SLACK_SECONDS = 5;

/** What a page is played on. */
export interface Stage {
  readonly server: Pick<ServerProcess, "url">;
  /** Run before the page's own scripts. */
  readonly setUp?: string;
  /** Further addresses as the page has them, and what stands there now. */
  readonly addresses?: ReadonlyMap<string, string>;
}

/** Sets a stage for each try. */
export type WithStage = (body: (stage: Stage) => Promise<void>) => Promise<void>;

/**
 * Expects the page to print what it shows, or writes it anew. Played again where it does not: its scripts count on seconds, as their
 * reader's do, and a machine that is busy with other things may take longer. What is wrong is wrong each time.
 */
export async function expectAsShown(path: string, withStage: WithStage): Promise<void> {
  const written = readFileSync(path, "utf8");
  let shown = "";
  for (let tried = 0; tried < TRIES && shown !== written; tried++) {
    if (tried > 0) console.log(`${path}: printed otherwise, and played again`);
    shown = await play(written, dirname(path), withStage);
  }
  if (IS_UPDATE) writeFileSync(path, shown);
  else expect(shown).toBe(written);
}

async function play(page: string, directory: string, withStage: WithStage): Promise<string> {
  const parts = parsePage(page);
  const steps = parts.filter((part) => part.is === "step");
  const outputs = (await outputsOf(steps, withStage)).values();
  return renderPage(
    parts.map((part) => {
      switch (part.is) {
        case "step":
          return { ...part, output: outputs.next().value ?? "" };
        case "copy":
          return { ...part, text: readFileSync(join(directory, part.path), "utf8") };
        default:
          return part;
      }
    }),
  );
}

async function outputsOf(steps: readonly Step[], withStage: WithStage): Promise<readonly string[]> {
  let outputs: readonly string[] = [];
  if (steps.length === 0) return outputs;
  await withStage(async ({ server, setUp = "", addresses = new Map<string, string>() }) => {
    const hide = await makeHider(server);
    const scripts = steps.map(({ script }) =>
      [...addresses].reduce((text, [there, here]) => text.replaceAll(there, here), script),
    );
    const [, ...printed] = await runScripts([setUp, ...scripts], server);
    const asShown = (text: string) =>
      [...addresses].reduce((shown, [there, here]) => shown.replaceAll(here, there), hide(text));
    outputs = steps.map(({ output }, index) => keepTimes(asLines(asShown(printed[index] ?? "")), output));
  });
  return outputs;
}

/** As the lines of a block; blank ones at the end do not show. */
function asLines(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed === "" ? "" : `${trimmed}\n`;
}

/** Leaves a time to live as the page has it, where it has only run down for a few seconds more. */
function keepTimes(printed: string, written: string): string {
  const times = [...written.matchAll(TTL)].values();
  return printed.replaceAll(TTL, (shown, name, seconds) => {
    const [before, , secondsBefore] = times.next().value ?? [];
    const less = Number(secondsBefore) - Number(seconds);
    return before !== undefined && less >= 0 && less <= TTL_SLACK_SECONDS ? `${name}${secondsBefore}` : shown;
  });
}
