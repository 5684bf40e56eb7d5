// Entries as the commands print them: bytes as they are, a JSON document of one shape, or a line for people. What somebody
// else has written reaches a terminal only where it is text, which cannot do anything to it.
import type { Entry, EntryInfo } from "../client/entry.ts";
import { formOf } from "../core/value-form.ts";
import { valueToJson } from "../wire/entry-json.ts";
import type { Host } from "./host.ts";
import { toBytesText } from "./progress.ts";

/** What a terminal would do more with than show it; tabs and line breaks are fine. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The value on standard output: exactly its bytes, but for a line break behind them on a terminal. Resolves with whether it was written. */
export async function writeValue(host: Host, entry: Pick<Entry, "key" | "value" | "contentType">): Promise<boolean> {
  if (!host.isTerminal) {
    await host.writeBytes(entry.value);
    return true;
  }
  const text = toText(entry.value);
  if (text === null) {
    host.writeError(
      `keyhold: ${quoteKey(entry.key)} holds ${toBytesText(entry.value.length)} of ${entry.contentType}, which is not for a terminal: --output FILE, a pipe or --json takes it\n`,
    );
    return false;
  }
  host.writeOut(text.endsWith("\n") ? text : `${text}\n`);
  return true;
}

/** Null for bytes that are no text, or that would do something to a terminal. */
export function toText(value: Uint8Array): string | null {
  try {
    const text = strictDecoder.decode(value);
    return CONTROLS.test(text.replaceAll("\r\n", "\n")) ? null : text;
  } catch {
    return null;
  }
}

/** JSON with the control characters that may stand in it as they are, and a terminal obeys, as escapes, which are read alike. */
export function escapeControls(json: string): string {
  return json.replaceAll(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** The whole entry on one line. A sent format: docs/cli.md, "Entry". */
export function toEntryJson(entry: Entry): string {
  const { value, contentType } = entry;
  const view = valueToJson({ value, form: formOf(value, contentType) }, true);
  const { key, ...rest } = infoMembers(entry);
  const members = Object.entries(rest).map(([name, member]) => `"${name}": ${JSON.stringify(member)}`);
  return escapeControls(`{"key": ${JSON.stringify(key)}, "value": ${view}, ${members.join(", ")}}\n`);
}

/** All of it but the value. */
export function toInfoJson(info: EntryInfo): string {
  return `${JSON.stringify(infoMembers(info))}\n`;
}

function infoMembers(info: EntryInfo) {
  return {
    key: info.key,
    content_type: info.contentType,
    size: info.size,
    revision: info.revision,
    etag: info.etag,
    modified_at: info.modifiedAt.toISOString(),
    expires_at: info.expiresAt === null ? null : info.expiresAt.toISOString(),
    ttl: info.ttlMs === null ? null : Math.ceil(info.ttlMs / 1000),
  };
}

/** A key within a sentence: as it is where it is plain, else quoted. */
export function quoteKey(key: string): string {
  return /^[\p{L}\p{N}_./:@%+=,{}-]+$/u.test(key) ? key : JSON.stringify(key);
}

/** 95,000 ms as "1m 35s". */
export function toDurationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(" ");
}
