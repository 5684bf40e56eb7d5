// Entries as `?meta` shows them: in listings, a line each, and in transactions. Values are taken from the text as it stands,
// so that numbers of any length and the order of members survive.
import { isJsonType } from "../core/media-type.ts";
import { membersOf } from "../wire/json-object.ts";
import { fromBase64 } from "./base64.ts";
import { type Entry, makeEntry } from "./entry.ts";
import { KeyholdError } from "./errors.ts";
import { dateAt, isJsonObject, numberAt, textAt } from "./json-shape.ts";

const encoder = new TextEncoder();

/** What of an entry decides how its value is read from the JSON view. */
interface Form {
  readonly contentType: string;
  readonly size: number;
}

/** @param text - JSON of one entry. @throws KeyholdError "unexpected-answer" where it is none */
export function parseEntry(text: string): Entry {
  const line = parseAnswer(text);
  if (!isJsonObject(line)) throw unexpected(text);
  const [key, contentType, etag] = [textAt(line, "key"), textAt(line, "content_type"), textAt(line, "etag")];
  const [size, revision, modifiedAt] = [
    numberAt(line, "size"),
    numberAt(line, "revision"),
    dateAt(line, "modified_at"),
  ];
  if (key === null || contentType === null || etag === null) throw unexpected(text);
  if (size === null || revision === null || modifiedAt === null) throw unexpected(text);
  const expiresAt = dateAt(line, "expires_at");
  const ttlMs = msLeft(expiresAt, numberAt(line, "ttl"));
  const value = bytesOfView(line["value"], () => memberText(text, "value"), { contentType, size });
  return makeEntry({ key, contentType, size, revision, etag, modifiedAt, expiresAt, ttlMs }, value);
}

/** What is left by the clock of this machine, kept within what the server says, which counts whole seconds by its own. */
export function msLeft(expiresAt: Date | null, ttlSeconds: number | null): number | null {
  if (expiresAt === null || ttlSeconds === null) return null;
  return Math.min(Math.max(expiresAt.getTime() - Date.now(), ttlSeconds * 1000 - 999), ttlSeconds * 1000);
}

/** @throws KeyholdError "unexpected-answer" */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KeyholdError("unexpected-answer", `The answer is no JSON: ${text.slice(0, 80)}`, { cause });
  }
}

export function unexpected(text: string): KeyholdError {
  return new KeyholdError("unexpected-answer", `The answer is not that of a Keyhold: ${text.slice(0, 80)}`);
}

/**
 * The bytes that the JSON view of a value stands for (docs/protocol.md §3).
 *
 * @param shown - the value, parsed
 * @param textOf - its text, asked for only where it is the value
 * @param form - null where it is not known: a string is then taken for text
 */
export function bytesOfView(shown: unknown, textOf: () => string, form: Form | null): Uint8Array {
  if (typeof shown === "string") return bytesOfString(shown, form);
  const names = isJsonObject(shown) ? Object.keys(shown) : [];
  if (isJsonObject(shown) && names.length === 1) {
    const base64 = textAt(shown, "$base64");
    if (base64 !== null) return fromBase64(base64);
    if (names[0] === "$json") return encoder.encode(memberText(textOf(), "$json"));
  }
  return encoder.encode(textOf());
}

/** Under a JSON type a string is JSON, unless what is stored there is none and shown as the text that it is. */
function bytesOfString(shown: string, form: Form | null): Uint8Array {
  const bytes = encoder.encode(shown);
  if (form === null || !isJsonType(form.contentType) || form.size === bytes.length) return bytes;
  return encoder.encode(JSON.stringify(shown));
}

/** The text of a member of an object. */
export function memberText(text: string, name: string): string {
  const member = membersOf(text.trim(), () => unexpected(text)).find((each) => each.name === name);
  if (member === undefined) throw unexpected(text);
  return member.text;
}
