// How one log line is written, as JSON or as text. Whatever a client sent stays within its line and its field: control
// characters, line separators and characters that turn the direction of text are escaped in both forms, and long texts are
// cut. The names of fields are read by others' tools: they are added to, never renamed.
import type { LogFields, LogLevel } from "./log.ts";

export interface LogLine {
  readonly atMs: number;
  readonly level: LogLevel;
  /** Kebab-case and constant: what tools look for. */
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** One field of one line, in UTF-16 units: a longer text is cut and ends in "…". Stack traces fit. */
export const FIELD_LENGTH_MAX = 8192;

// C0, DEL, C1, line and paragraph separator, and the marks that override the direction of text (Unicode TR 9).
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const UNSAFE_ALL = new RegExp(UNSAFE.source, "g");
/** Printable ASCII without quote and backslash, within the length: nearly every text. Spares most lines the escaping. */
const SAFE_IN_JSON = new RegExp(`^[ !#-[\\]-~]{0,${FIELD_LENGTH_MAX}}$`);
/** Needs no quotes in a text line. */
const PLAIN = /^[\w./:@%+,*()[\]{}?&$~-]+$/;

/** Ends in a line break. `time`, `level`, `event` and `msg` come first; no field may have one of these names. */
export function toJsonLine(line: LogLine): string {
  let text = `{"time":"${toTime(line.atMs)}","level":"${line.level}","event":${toJsonText(line.event)},"msg":${toJsonText(line.message)}`;
  for (const name in line.fields) {
    const value = line.fields[name];
    text += `,${toJsonText(name)}:${typeof value === "string" ? toJsonText(value) : JSON.stringify(value ?? null)}`;
  }
  return `${text}}\n`;
}

/** Ends in a line break: "2026-11-20T10:00:00.000Z WARN  disk-low  Little room is left  free_bytes=12". */
export function toTextLine(line: LogLine): string {
  let text = `${toTime(line.atMs)} ${line.level.toUpperCase().padEnd(5)} ${escapeUnsafe(line.event)}  ${escapeUnsafe(cut(line.message))}`;
  for (const name in line.fields) {
    const value = line.fields[name];
    const isPlain = typeof value !== "string" || PLAIN.test(value);
    text += `  ${escapeUnsafe(name)}=${isPlain ? cut(String(value)) : toJsonText(value)}`;
  }
  return `${text}\n`;
}

function toJsonText(text: string): string {
  if (SAFE_IN_JSON.test(text)) return `"${text}"`;
  return escapeUnsafe(JSON.stringify(cut(text)));
}

/** As JSON escapes them; in JSON text they can only stand inside strings, so the meaning stays. */
function escapeUnsafe(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return text.replaceAll(UNSAFE_ALL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function cut(text: string): string {
  return text.length <= FIELD_LENGTH_MAX ? text : `${text.slice(0, FIELD_LENGTH_MAX).toWellFormed()}…`;
}

function toTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
