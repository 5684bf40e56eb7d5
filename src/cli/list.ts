// `keyhold list [PREFIX]`: entries in key order. One streamed answer of the server, shown as it comes; where the server breaks
// off in the middle, that is a fault and never the end.
import { Option } from "commander";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { parseJsonObject } from "../wire/json-object.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { escapeControls } from "./entry-output.ts";
import { addFilterFlag, addPrefixArgument, addRangeFlags, readEntrySet } from "./entry-set.ts";
import { EXIT } from "./exit-codes.ts";
import { decodeLine, LineCutter } from "./export-lines.ts";
import { addJsonFlag, addServerFlags, countFlag, isGiven } from "./flags.ts";
import type { Host } from "./host.ts";
import { ListingTable } from "./listing-table.ts";
import { makePaint } from "./paint.ts";
import { partsOf, withServer } from "./server.ts";

export const LIST: CommandBody = {
  notes: `
On a terminal it is a table. Elsewhere it is a key a line; with --values key, tab and the value as JSON.`,
  declareFlags(command) {
    addPrefixArgument(command);
    addFilterFlag(command);
    addRangeFlags(command);
    command
      .addOption(new Option("--reverse", "From the last key to the first").helpGroup("Which:"))
      .addOption(new Option("--limit <NUMBER>", "So many at most").helpGroup("Which:"))
      .addOption(new Option("--keys", "Keys alone, also on a terminal").helpGroup("Output:"))
      .addOption(new Option("--values", "Values too, as JSON").conflicts("keys").helpGroup("Output:"))
      .addOption(new Option("--table", "The table, also in a pipe").conflicts(["keys", "values"]).helpGroup("Output:"));
    addJsonFlag(command);
    addServerFlags(command, null);
  },
  run,
};

const TABLE_COLUMNS = 120;

/** What takes the lines of the answer. */
interface Shown {
  /** What the server is asked for beside the set. */
  readonly view: "keys" | "meta" | "pairs";
  readonly line: (line: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
}

function run(context: CommandContext): Promise<number> {
  const { command } = context;
  return withServer(context, async (asking) => {
    const { client, signal } = asking;
    const limit = countFlag(command, "--limit") ?? Number.POSITIVE_INFINITY;
    const shown = chooseShown(context);
    const query = new URLSearchParams({ ...readEntrySet(command) });
    if (isGiven(command, "reverse")) query.set("reverse", "1");
    if (shown.view !== "pairs") query.set(shown.view, "1");
    const accept = shown.view === "keys" ? MEDIA.plain : MEDIA.ndjson;
    const answer = await client.request("GET", `/keys?${query}`.replace(/\?$/, ""), {
      headers: { [FIELD.accept]: accept },
      signal,
    });
    const cutter = new LineCutter();
    let lines = 0;
    for await (const part of partsOf(answer, asking)) {
      for (const line of cutter.cut(part)) {
        if (lines++ >= limit) break;
        await shown.line(line);
      }
      if (lines >= limit) break;
    }
    await shown.end();
    return EXIT.ok;
  });
}

function chooseShown(context: CommandContext): Shown {
  const { command, host } = context;
  const isPlain = !host.isTerminal && !isGiven(command, "table");
  const shown = (line: Uint8Array) => (host.isTerminal ? Buffer.from(escapeControls(decodeLine(line))) : line);
  if (isGiven(command, "json")) return asTheyCome(host, "meta", shown);
  if (isGiven(command, "values")) return asTheyCome(host, "pairs", (line) => shown(toPairLine(line)));
  return isPlain || isGiven(command, "keys") ? asTheyCome(host, "keys", (line) => line) : asTable(context);
}

/** Gathered into larger writes: one for each key would take longer than the rest. */
function asTheyCome(host: Host, view: Shown["view"], toLine: (line: Uint8Array) => Uint8Array): Shown {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const flush = async () => {
    const whole = Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
    if (whole.length > 0) await host.writeBytes(whole);
  };
  return {
    view,
    async line(line) {
      // A copy: the part that it is cut from may be used again.
      const own = Uint8Array.from(toLine(line));
      waiting.push(own);
      bytes += own.length;
      if (bytes >= WRITE_BYTES) await flush();
    },
    end: flush,
  };
}

const WRITE_BYTES = 64 * 1024;

/** The value's own text behind a tab: parsed and printed again it would not be the same. */
function toPairLine(line: Uint8Array): Uint8Array {
  const [pair] = parseJsonObject(decodeLine(line));
  return Buffer.from(pair === undefined ? "" : `${pair.name}\t${pair.text}\n`);
}

function asTable({ host, environment }: CommandContext): Shown {
  const paint = makePaint(host.isTerminal, environment);
  let text = "";
  const table = new ListingTable((lines) => (text += lines), host.columns ?? TABLE_COLUMNS, paint);
  const flush = async () => {
    const shown = text;
    text = "";
    if (shown !== "") await host.writeBytes(Buffer.from(shown));
  };
  return {
    view: "meta",
    async line(line) {
      table.add(JSON.parse(decodeLine(line)));
      await flush();
    },
    async end() {
      table.end();
      await flush();
    },
  };
}
