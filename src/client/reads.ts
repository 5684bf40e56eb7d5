// Reads of one entry, and of several by name.
import { FIELD, MEDIA } from "../wire/headers.ts";
import { type Context, fullKey, ownKey } from "./context.ts";
import { type Entry, type EntryInfo, makeEntry } from "./entry.ts";
import { infoFromFields } from "./entry-fields.ts";
import { parseEntry } from "./entry-json.ts";
import { nullIf } from "./errors.ts";
import { inGroups } from "./groups.ts";
import { linesOf } from "./lines.ts";
import type { CallOptions } from "./options.ts";
import { inParallel } from "./parallel.ts";
import type { Answer } from "./requester.ts";
import { encodeKey, keysTarget, keyTarget, toSeconds } from "./target.ts";

/** What asks for the bytes of an entry, whatever their type. */
const AS_BYTES = { [FIELD.accept]: MEDIA.bytes };
/** Keys of one request: no more than the server reads by name, and a target that every proxy takes. */
const KEYS_MAX = 1000;
const NAMED_LENGTH_MAX = 6000;
/** Requests for named keys under way at once. */
const REQUESTS_MAX = 4;

/** A value as it comes, with what is known of it. */
export interface EntryStream {
  readonly info: EntryInfo;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

export async function getEntry(context: Context, key: string, options: CallOptions): Promise<Entry | null> {
  const target = keyTarget(fullKey(context, key));
  const answer = await nullIf("not-found", askToRead(context, { target, headers: AS_BYTES, options }));
  return answer === null ? null : toEntry(key, answer);
}

export async function headEntry(context: Context, key: string, options: CallOptions): Promise<EntryInfo | null> {
  const call = { method: "HEAD", target: keyTarget(fullKey(context, key)), headers: AS_BYTES, isRepeatable: true };
  const answer = await nullIf("not-found", context.requester.ask({ ...call, options }));
  return answer === null ? null : infoFromFields(key, answer.headers, null);
}

export async function getStream(context: Context, key: string, options: CallOptions): Promise<EntryStream | null> {
  const call = { method: "GET", target: keyTarget(fullKey(context, key)), headers: AS_BYTES, isRepeatable: true };
  const response = await nullIf("not-found", context.requester.open({ ...call, options }));
  if (response === null || response.body === null) return null;
  return { info: infoFromFields(key, response.headers, null), body: response.body };
}

/** Those of the keys that there are; each of its own instant. */
export async function getMany(
  context: Context,
  keys: Iterable<string>,
  options: CallOptions,
): Promise<Map<string, Entry>> {
  const asked = [...new Set(keys)];
  const found = new Map<string, Entry>();
  const groups = inRequests(asked.map((key) => fullKey(context, key)));
  await inParallel(groups, { max: REQUESTS_MAX }, async (group) => {
    for (const entry of await getGroup(context, group, options)) found.set(entry.key, entry);
  });
  const inOrder = new Map<string, Entry>();
  for (const key of asked) {
    const entry = found.get(key);
    if (entry !== undefined) inOrder.set(key, entry);
  }
  return inOrder;
}

/**
 * The entry where it is in another state than `etag`, after `waitMs` at most: a server that stops answers sooner. Null where
 * there is no entry.
 */
export async function getIfChanged(
  context: Context,
  { key, etag, waitMs }: { readonly key: string; readonly etag: string | null; readonly waitMs: number | null },
  options: CallOptions,
): Promise<Entry | "unchanged" | null> {
  const headers = { ...AS_BYTES, ...(etag !== null && { [FIELD.ifNoneMatch]: etag }) };
  const target = keyTarget(fullKey(context, key), { wait: waitMs === null ? null : toSeconds(waitMs) });
  const answer = await nullIf("not-found", askToRead(context, { target, headers, accepts: [304], options }));
  if (answer === null) return null;
  return answer.status === 304 ? "unchanged" : toEntry(key, answer);
}

async function getGroup(context: Context, keys: readonly string[], options: CallOptions): Promise<readonly Entry[]> {
  const target = keysTarget({ meta: true }, keys);
  const answer = await askToRead(context, { target, headers: { [FIELD.accept]: MEDIA.ndjson }, options });
  return linesOf(answer.body).map((line) => withOwnKey(context, parseEntry(line)));
}

export function withOwnKey(context: Context, entry: Entry): Entry {
  return context.prefix === "" ? entry : makeEntry({ ...entry, key: ownKey(context, entry.key) }, entry.value);
}

/** In requests of which none is too long. */
export function inRequests(keys: readonly string[]): readonly (readonly string[])[] {
  const lengthOf = (key: string) => "key=&".length + encodeKey(key).length;
  return inGroups(keys, { countMax: KEYS_MAX, lengthMax: NAMED_LENGTH_MAX, lengthOf });
}

function toEntry(key: string, { headers, body }: Answer): Entry {
  return makeEntry(infoFromFields(key, headers, body.length), body);
}

interface Read {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly accepts?: readonly number[];
  readonly options: CallOptions;
}

export function askToRead({ requester }: Context, read: Read): Promise<Answer> {
  return requester.ask({ method: "GET", isRepeatable: true, ...read });
}
