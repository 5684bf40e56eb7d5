// The golden exchanges beside this file, a chapter each: every line behind "$" is run by curl against the real server over
// an empty store, and what is printed must be what stands below it. UPDATE=1 writes them anew; review the change as code.
// They are of the engine that a server has unless told otherwise, to the digit of its revisions and tags, as they show what a
// reader of the documents will see: what other engines print differs there and in /-/info, and what they do is held to by
// the suites in test/conformance and by the transcripts of the seeds.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { runLine } from "../support/curl.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { makeHider } from "../support/varying-text.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const CHAPTERS = readdirSync(import.meta.dir).filter((name) => name.endsWith(".http"));
const PROMPT = "$ ";
const COMMENT = "// ";

describe("transcripts", () => {
  test.each(CHAPTERS)("%s", async (name) => {
    const path = `${import.meta.dir}/${name}`;
    const written = readFileSync(path, "utf8");
    await withServerProcess(async (server) => {
      const shown = await play(written, server);
      if (process.env["UPDATE"] === "1") writeFileSync(path, shown);
      else expect(shown).toBe(written);
    });
  });
});

/** The transcript as this server would write it: comments and commands are kept, answers are its own. */
async function play(transcript: string, server: ServerProcess): Promise<string> {
  const hide = await makeHider(server);
  const shown: string[] = [];
  for (const line of transcript.split("\n")) {
    if (line.startsWith(COMMENT)) shown.push(`${line}\n`);
    if (!line.startsWith(PROMPT)) continue;
    const answer = hide(await runLine(line.slice(PROMPT.length), server)).trimEnd();
    shown.push(answer === "" ? `${line}\n\n` : `${line}\n${answer}\n\n`);
  }
  return `${shown.join("").trimEnd()}\n`;
}
