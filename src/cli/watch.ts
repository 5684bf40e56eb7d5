// `keyhold watch [PREFIX]`: what changes, as it does. The client goes on by itself where the connection was lost; with
// --cursor-file so does a command that is started again, behind the last change that was dealt with.
import { isUtf8 } from "node:buffer";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import type { ConnectionState } from "../client/watch.ts";
import type { WatchEvent } from "../client/watch-events.ts";
import { KeyholdError } from "../core/errors.ts";
import { formOf } from "../core/value-form.ts";
import { valueToJson } from "../wire/entry-json.ts";
import { MEDIA } from "../wire/headers.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { escapeControls } from "./entry-output.ts";
import { addFilterFlag, addPrefixArgument, readNarrowing } from "./entry-set.ts";
import { EXIT } from "./exit-codes.ts";
import {
  addOutputFlags,
  addServerPlaceFlags,
  collect,
  countFlag,
  isGiven,
  listFlag,
  textFlag,
  toldTo,
} from "./flags.ts";
import type { Host } from "./host.ts";
import { preview } from "./listing-table.ts";
import { makePaint, type Paint, type Style } from "./paint.ts";
import { withServer } from "./server.ts";

export const WATCH: CommandBody = {
  notes: `
A change is a line of event, key, revision and value (as JSON), with tabs between; on a terminal it begins with the
time. COMMAND is run by sh -c for each, one after another: it reads the value, and finds KEYHOLD_EVENT (put, delete,
expire, touch), KEYHOLD_EVENT_KEY, KEYHOLD_EVENT_REVISION and KEYHOLD_EVENT_CURSOR. Where it fails the watch ends with
its exit code; with --cursor-file the next one begins with that change again.`,
  declareFlags(command) {
    addPrefixArgument(command);
    addFilterFlag(command);
    const add = (flags: string, text: string) => new Option(flags, text).helpGroup("Which:");
    command
      .addOption(add("--key <KEY>", "This entry; may be given again").argParser(collect))
      .addOption(
        add("--since <PLACE>", "now, snapshot (what there is, first), or the cursor of an event").default("now"),
      )
      .addOption(add("--touches", "Also changes of when an entry ends"))
      .addOption(add("--limit <NUMBER>", "End after so many changes"))
      .addOption(new Option("--no-values", "Without values").helpGroup("Output:"))
      .addOption(new Option("--exec <COMMAND>", "Run it for each change").helpGroup("Work:"))
      .addOption(
        new Option("--cursor-file <FILE>", "Keep there how far it has come, and go on from there").helpGroup("Work:"),
      );
    addOutputFlags(command);
    addServerPlaceFlags(command);
  },
  run,
};

type Change = Extract<WatchEvent, { readonly key: string }>;

function run(context: CommandContext): Promise<number> {
  const { command, host, environment } = context;
  return withServer(context, async ({ client, signal, url }) => {
    const limit = countFlag(command, "--limit") ?? Number.POSITIVE_INFINITY;
    const cursorFile = textFlag(command, "cursorFile");
    const keys = listFlag(command, "key");
    const paint = makePaint(host.isTerminal, environment);
    let changes = 0;
    const events = client.watch({
      ...readNarrowing(command),
      ...(keys.length > 0 && { keys }),
      since: readSince(command, cursorFile),
      values: command.getOptionValue("values") !== false,
      touches: isGiven(command, "touches"),
      onConnection: tellConnections(url, toldTo(context)),
      signal,
    });
    for await (const event of events) {
      if (isGiven(command, "json")) await writeJson(event, context);
      if (isChange(event)) {
        const code = await dealWith(event, context, paint);
        if (code !== EXIT.ok) return code;
        changes++;
      } else if (event.type === "reset" && !isGiven(command, "quiet")) {
        host.writeError("keyhold: Changes may have been lost: what there is follows\n");
      }
      if (cursorFile !== null && event.cursor !== null) keepCursor(cursorFile, event.cursor);
      if (changes >= limit) break;
    }
    return EXIT.ok;
  });
}

/** Says that the connection is lost, once, and that there is one again; what comes is without a gap all the same. */
function tellConnections(url: string, host: Pick<Host, "writeError">): (state: ConnectionState) => void {
  let isLost = false;
  return (state) => {
    if (state.is === "lost" && !isLost) {
      const why = state.error === null ? "the server has ended it" : state.error.detail;
      host.writeError(`keyhold: The connection to ${url} is lost: ${why}; trying again until there is one\n`);
    } else if (state.is === "open" && isLost) host.writeError("keyhold: Connected again, and nothing is left out\n");
    isLost = state.is === "lost";
  };
}

function isChange(event: WatchEvent): event is Change {
  return event.type === "put" || event.type === "delete" || event.type === "expire" || event.type === "touch";
}

/** @throws "invalid-parameter" where the file holds no cursor */
function readSince(command: Command, cursorFile: string | null): string {
  if (cursorFile !== null && existsSync(cursorFile)) {
    const cursor = readFileSync(cursorFile, "utf8").trim();
    if (/^[\x21-\x7e]{1,255}$/.test(cursor)) return cursor;
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot go on from ${cursorFile}: it holds no cursor; remove it to begin with --since`,
    );
  }
  return textFlag(command, "since") ?? "now";
}

/** By renaming, so that a kill leaves this place or the one before. */
function keepCursor(file: string, cursor: string): void {
  const draft = `${file}.part`;
  writeFileSync(draft, `${cursor}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** Shows a change, and has the command deal with it. Its exit code; 0 for none. */
async function dealWith(change: Change, context: CommandContext, paint: Paint): Promise<number> {
  const { command, environment, host } = context;
  const exec = textFlag(command, "exec");
  if (exec === null) {
    if (!isGiven(command, "json")) await host.writeBytes(Buffer.from(toLine(change, context, paint)));
    return EXIT.ok;
  }
  const { exited } = host.start({
    command: ["sh", "-c", exec],
    environment: {
      ...environment,
      KEYHOLD_EVENT: change.type,
      KEYHOLD_EVENT_KEY: change.key,
      KEYHOLD_EVENT_REVISION: String(change.revision),
      KEYHOLD_EVENT_CURSOR: change.cursor ?? "",
    },
    input: bytesOf(change),
  });
  return exited;
}

/** A sent format: the events of docs/protocol.md §12, as lines of JSON. */
async function writeJson(event: WatchEvent, { host }: CommandContext): Promise<void> {
  if (event.type === "bookmark") return;
  await host.writeBytes(Buffer.from(`${escapeControls(toJson(event))}\n`));
}

const STYLES: Readonly<Record<Change["type"], Style>> = { put: "green", delete: "red", expire: "yellow", touch: "dim" };

function toLine(change: Change, { host }: CommandContext, paint: Paint): string {
  const value = valueJson(change);
  if (!host.isTerminal) {
    const cells = [change.type, change.key, String(change.revision), ...(value === null ? [] : [value])];
    return `${cells.join("\t")}\n`;
  }
  const time = new Date(host.nowMs()).toTimeString().slice(0, 8);
  const shown =
    value === null ? "" : `  ${preview(JSON.parse(value)).slice(0, Math.max(0, (host.columns ?? 100) - 40))}`;
  return `${paint("dim", time)} ${paint(STYLES[change.type], change.type.padEnd(6))} ${paint("cyan", change.key)}${shown}\n`;
}

/** The value in the JSON view (docs/protocol.md §3), on one line; null where the event has none. */
function valueJson(change: Change): string | null {
  if (change.type !== "put" || change.value === null) return null;
  const { value } = change;
  if (!isUtf8(value)) return valueToJson({ value, form: "bytes" });
  const shown = change.json();
  // What is no string is JSON as it was stored: its digits stay.
  return typeof shown === "string"
    ? JSON.stringify(shown)
    : valueToJson({ value, form: formOf(value, MEDIA.json) }, true);
}

function bytesOf(change: Change): Uint8Array {
  return change.type === "put" && change.value !== null ? change.value : new Uint8Array();
}

/** Members as the protocol names them, in its order. */
function toJson(event: WatchEvent): string {
  const members: [string, string][] = [["event", JSON.stringify(event.type)]];
  if (event.cursor !== null) members.push(["cursor", JSON.stringify(event.cursor)]);
  if (isChange(event)) members.push(["key", JSON.stringify(event.key)], ["revision", String(event.revision)]);
  if (event.type === "put") {
    const value = valueJson(event);
    if (value !== null) members.push(["value", value], ["value_revision", String(event.valueRevision)]);
  }
  if (event.type === "touch") members.push(["expires_at", JSON.stringify(event.expiresAt)]);
  if (event.type === "reset") members.push(["reason", JSON.stringify(event.reason)]);
  return `{${members.map(([name, member]) => `"${name}":${member}`).join(",")}}`;
}
