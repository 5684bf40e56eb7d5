// Makes the lines of an import of whatever file somebody has: an export as it stands; lines of JSON; one object of pairs; an
// array of pairs, or of whole entries as `?meta` shows them. Values are taken over as text, so that numbers keep their digits.
import { inGroups } from "../../client/groups.ts";
import { KeyholdError } from "../../core/errors.ts";
import { elementsOf, type JsonMember, membersOf } from "../../wire/json-object.ts";
import { judgeJson } from "./json-layout.ts";

export interface ImportLines {
  readonly what: "export" | "pairs";
  readonly lines: readonly string[];
}

/** Lines that are sent together; the server takes 1,000 entries and 8 MiB of values. */
const BATCH_LINES = 500;
const BATCH_LENGTH = 4 * 1024 * 1024;

/** @throws KeyholdError "invalid-json" saying what is wrong with the file */
export function toImportLines(text: string): ImportLines {
  const trimmed = text.trim();
  if (/^\{\s*"keyhold_export"/.test(trimmed)) return { what: "export", lines: exportedLines(trimmed) };
  if (judgeJson(trimmed) === null) {
    const objects = trimmed.startsWith("[") ? elementsOf(trimmed, notPairs) : [trimmed];
    return { what: "pairs", lines: objects.flatMap(linesOf) };
  }
  const lines = trimmed.split("\n").filter((line) => line.trim() !== "");
  for (const [index, line] of lines.entries()) {
    const wrong = judgeJson(line);
    if (wrong !== null) throw refusal(`The file is neither JSON nor lines of JSON: line ${index + 1} is not, ${wrong}`);
  }
  return { what: "pairs", lines: lines.map((line) => line.trim()).flatMap(linesOf) };
}

/** @returns the lines in as many requests as they need */
export function inBatches(lines: readonly string[]): readonly (readonly string[])[] {
  return inGroups(lines, { countMax: BATCH_LINES, lengthMax: BATCH_LENGTH, lengthOf: (line) => line.length });
}

function exportedLines(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const last = /^\{"entries":(\d+),/.exec(lines.at(-1) ?? "")?.[1];
  const entries = lines.slice(1, -1);
  if (last === undefined)
    throw refusal("The export is cut short: its last line, which counts the entries, is not there");
  if (Number(last) !== entries.length) {
    throw refusal(`The export is not whole: it has ${entries.length} entries, and says that it had ${last}`);
  }
  return entries;
}

/** An object of pairs, or one whole entry. Requires: valid JSON. */
function linesOf(text: string): readonly string[] {
  const members = membersOf(text, notPairs);
  const named = new Map(members.map((member) => [member.name, member.text]));
  const isEntry = named.has("key") && named.has("value") && named.has("content_type") && named.has("size");
  if (!isEntry) return members.map((member) => pairLine(member, null, null));
  const key = String(JSON.parse(named.get("key") ?? ""));
  const type: unknown = JSON.parse(named.get("content_type") ?? "null");
  return [pairLine({ name: key, text: named.get("value") ?? "null" }, String(type), named.get("expires_at") ?? null)];
}

function pairLine({ name, text }: JsonMember, contentType: string | null, end: string | null): string {
  const { member, type } = memberOf(text);
  const expiry = end === null ? "" : `,"expires_at":${end}`;
  return `{"key":${JSON.stringify(name)},${member},"content_type":${JSON.stringify(contentType ?? type)}${expiry}}`;
}

/** The JSON view of a value (contract §3), as a line of an export has it. */
function memberOf(text: string): { readonly member: string; readonly type: string } {
  if (text.startsWith('"')) return { member: `"text":${text}`, type: "text/plain; charset=utf-8" };
  const base64 = /^\{\s*"\$base64"\s*:\s*("[^"]*")\s*\}$/.exec(text)?.[1];
  if (base64 !== undefined) return { member: `"base64":${base64}`, type: "application/octet-stream" };
  const wrapped = /^\{\s*"\$json"\s*:\s*(.*?)\s*\}$/s.exec(text)?.[1];
  return { member: `"text":${JSON.stringify(wrapped ?? text)}`, type: "application/json" };
}

function notPairs(found: string): KeyholdError {
  return refusal(`The file has ${found} where an object of keys and values should be`);
}

function refusal(detail: string): KeyholdError {
  return new KeyholdError("invalid-json", detail);
}
