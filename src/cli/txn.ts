// `keyhold txn`: checks, changes and reads of several entries at one instant. Either the protocol's own JSON, which is sent as it
// stands, or flags for what is said in a word.
import { type Command, Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { escapeControls, quoteKey, toText } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addJsonFlag, addServerFlags, isGiven, listFlag, parseDuration, parseInteger } from "./flags.ts";
import { preview } from "./listing-table.ts";
import { isFault } from "./run-command.ts";
import { withServer } from "./server.ts";
import { readValue } from "./value-source.ts";
import { addIdempotencyKey, readIdempotencyKey } from "./write-flags.ts";

export const TXN: CommandBody = {
  notes: `
DOCUMENT is the protocol's {"checks": […], "ops": […], "else": […]} (docs/protocol.md, §10), with every operation; - for
standard input, @FILE for a file. Operations are applied together: a key is written once at most, and a read sees what
stands after them. Keys may hold =: of checks and counters the last one counts, of puts the first.`,
  declareFlags,
  run,
};

/** Flags, by the operation that each adds; all may be given again. */
const OPERATIONS = {
  check: ["--check <KEY=STATE>", "Only if: absent, exists, or the revision that it has"],
  put: ["--put <KEY=VALUE>", "Write a text"],
  delete: ["--delete <KEY>", "Delete it"],
  incr: ["--incr <KEY=NUMBER>", "Add to a counter; KEY alone is by one"],
  touch: ["--touch <KEY=DURATION>", "It ends so long from now"],
  get: ["--get <KEY>", "Read it"],
  elseGet: ["--else-get <KEY>", "Read it where a check fails"],
} as const;

function declareFlags(command: Command): void {
  command.argument("[DOCUMENT]", "JSON; - or @FILE");
  for (const [flags, text] of Object.values(OPERATIONS)) {
    command.addOption(
      new Option(flags, text)
        .argParser((value: string, before: readonly string[] = []) => [...before, value])
        .helpGroup("Transaction:"),
    );
  }
  addIdempotencyKey(command);
  addJsonFlag(command);
  addServerFlags(command);
}

interface Answer {
  readonly revision: number;
  readonly results: readonly Readonly<Record<string, ResultJson | null>>[];
}

interface ResultJson {
  readonly key: string;
  readonly value?: unknown;
  readonly created?: boolean;
  readonly deleted?: number;
  readonly ttl?: number | null;
}

interface FailedCheck {
  readonly check: number;
  readonly key: string;
  readonly revision: number | null;
}

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const body = await readDocument(context);
    // Under a name it can be sent again where the answer was lost.
    const { idempotencyKey = crypto.randomUUID() } = readIdempotencyKey(command);
    try {
      const answer = await client.request("POST", "/-/txn", {
        headers: {
          [FIELD.contentType]: MEDIA.json,
          [FIELD.idempotencyKey]: idempotencyKey,
        },
        body,
        signal,
      });
      const text = await answer.text();
      host.writeOut(isGiven(command, "json") ? `${escapeControls(text.trim())}\n` : toLines(JSON.parse(text)));
      return EXIT.ok;
    } catch (error) {
      if (!isFault(error) || error.code !== "check-failed" || !("data" in error)) throw error;
      return tellFailed(error.data, context);
    }
  });
}

async function readDocument(context: CommandContext): Promise<string> {
  const { command, host } = context;
  const [argument] = command.args;
  const made = documentOf(command);
  if (argument === undefined && made !== null) return JSON.stringify(made);
  if (argument === undefined || made !== null) {
    throw new KeyholdError(
      "invalid-parameter",
      "Cannot make a transaction: give either DOCUMENT, or flags such as --put",
    );
  }
  const text = toText((await readValue(command, argument, host)).bytes);
  if (text !== null) return text;
  throw new KeyholdError("invalid-parameter", "Cannot use DOCUMENT: it is no text");
}

/** Of the flags; null where none is given. @throws "invalid-parameter" */
function documentOf(command: Command): object | null {
  const given = (name: keyof typeof OPERATIONS) => listFlag(command, name);
  const checks = given("check").map(toCheck);
  const ops = [
    ...given("put").map((text) => {
      const { name, rest } = split(text, "--put", text.indexOf("="));
      return { put: { key: name, value: rest } };
    }),
    ...given("delete").map((key) => ({ delete: { key } })),
    ...given("incr").map((text) => {
      const at = text.lastIndexOf("=");
      if (at < 0) return { incr: { key: text } };
      return { incr: { key: text.slice(0, at), by: parseInteger(text.slice(at + 1), "--incr") } };
    }),
    ...given("touch").map((text) => {
      const { name, rest } = split(text, "--touch", text.lastIndexOf("="));
      return { touch: { key: name, expire_in: parseDuration(rest, "--touch") / 1000 } };
    }),
    ...given("get").map((key) => ({ get: { key } })),
  ];
  const other = given("elseGet").map((key) => ({ get: { key } }));
  return checks.length + ops.length + other.length === 0 ? null : { checks, ops, else: other };
}

function toCheck(text: string): object {
  const { name, rest } = split(text, "--check", text.lastIndexOf("="));
  if (rest === "absent") return { key: name, absent: true };
  if (rest === "exists") return { key: name, exists: true };
  return { key: name, revision: parseInteger(rest, "--check") };
}

function split(text: string, flag: string, at: number): { readonly name: string; readonly rest: string } {
  if (at > 0) return { name: text.slice(0, at), rest: text.slice(at + 1) };
  throw new KeyholdError("invalid-parameter", `Cannot use ${flag} ${JSON.stringify(text)}: expected KEY=…`);
}

/** A line for each result, tabs between: what was done, the key, what became of it. */
function toLines({ results }: Answer): string {
  return results
    .flatMap((result) => Object.entries(result))
    .map(([operation, result]) => {
      if (result === null) return `${operation}\t-\tnone\n`;
      const { key, value, created, deleted, ttl } = result;
      const became =
        value !== undefined
          ? preview(value)
          : created !== undefined
            ? created
              ? "created"
              : "replaced"
            : deleted !== undefined
              ? `deleted ${deleted}`
              : `ends in ${ttl ?? "no"} s`;
      return `${operation}\t${key}\t${became}\n`;
    })
    .join("");
}

function tellFailed(data: unknown, { command, host }: CommandContext): number {
  const { failures = [], else: reads = [] }: { failures?: readonly FailedCheck[]; else?: readonly unknown[] } =
    Object.assign({}, data);
  if (isGiven(command, "json")) host.writeOut(`${escapeControls(JSON.stringify({ failures, else: reads }))}\n`);
  for (const { key, revision } of failures) {
    const stands = revision === null ? "there is no entry" : `its revision is ${revision}`;
    host.writeError(`keyhold: The check of ${quoteKey(key)} does not hold: ${stands}; nothing was changed\n`);
  }
  return EXIT.conflict;
}
