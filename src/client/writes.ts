// Writes of one entry, and of several by name.
import { FIELD, MEDIA } from "../wire/headers.ts";
import { askToWrite, type Context, conditions, expiryQuery, fullKey, isUnconditional } from "./context.ts";
import { type Entry, makeEntry, type Written } from "./entry.ts";
import { infoFromFields, writtenFromFields } from "./entry-fields.ts";
import { nullIf } from "./errors.ts";
import type { DeleteOptions, EditOptions, PutOptions, WriteOptions } from "./options.ts";
import { keyTarget } from "./target.ts";
import { bodyOf, toJsonText, type Value } from "./value-body.ts";

/** What is written need not be sent back. */
const MINIMAL = { [FIELD.prefer]: "return=minimal" };

export async function putEntry(
  context: Context,
  { key: name, value }: { readonly key: string; readonly value: Value },
  options: PutOptions,
): Promise<Written> {
  const key = fullKey(context, name);
  const { contentType, body } = await bodyOf(key, value, options.contentType);
  const headers = { ...MINIMAL, ...conditions(options), [FIELD.contentType]: contentType };
  const target = keyTarget(key, expiryQuery(options));
  const isIdempotent = isUnconditional(options);
  const answer = await askToWrite(context, { method: "PUT", target, headers, body, options, isIdempotent });
  return writtenFromFields(answer.status, answer.headers);
}

/** Null where there is an entry already. */
export async function createEntry(
  context: Context,
  entry: { readonly key: string; readonly value: Value },
  options: PutOptions,
): Promise<Written | null> {
  return nullIf("precondition-failed", putEntry(context, entry, { ...options, ifAbsent: true }));
}

/** Whether there was one; false also where the answer to a deletion was lost, and a second one found nothing. */
export async function deleteEntry(context: Context, key: string, options: DeleteOptions): Promise<boolean> {
  const target = keyTarget(fullKey(context, key));
  const isIdempotent = isUnconditional(options);
  const call = { method: "DELETE", target, headers: conditions(options), options, isIdempotent };
  return (await nullIf("not-found", askToWrite(context, call))) !== null;
}

/** Of several takers one gets it. */
export async function takeEntry(context: Context, key: string, options: DeleteOptions): Promise<Entry | null> {
  const asBytes = { [FIELD.prefer]: "return=representation", [FIELD.accept]: MEDIA.bytes };
  const headers = { ...conditions(options), ...asBytes };
  const call = { method: "DELETE", target: keyTarget(fullKey(context, key)), headers, options, isIdempotent: false };
  const answer = await nullIf("not-found", askToWrite(context, call));
  if (answer === null) return null;
  return makeEntry(infoFromFields(key, answer.headers, answer.body.length), answer.body);
}

export async function addText(
  context: Context,
  { key, side, text }: { readonly key: string; readonly side: "append" | "prepend"; readonly text: string },
  options: EditOptions,
): Promise<Written> {
  const form = new URLSearchParams({ [side]: text, ...formOfExpiry(options) });
  const body = form.toString();
  return patch(context, { key, body, contentType: MEDIA.form, query: {}, isIdempotent: false }, options);
}

/** Whether there is an entry, whose end it changes; revision and etag stay. */
export async function changeExpiry(
  context: Context,
  { key, ends }: { readonly key: string; readonly ends: number | Date | null },
  options: EditOptions,
): Promise<boolean> {
  const form = ends === null ? "persist=1" : new URLSearchParams(formOfExpiry(expiryOf(ends))).toString();
  // A time from now on is counted from the last that was sent, which is what the caller means.
  const edit = { key, body: form, contentType: MEDIA.form, query: {}, isIdempotent: isUnconditional(options) };
  const changed = patch(context, edit, options);
  return (await nullIf("not-found", changed)) !== null;
}

/** @param kind - a merge patch (RFC 7396), which creates, or a JSON Patch (RFC 6902), which does not */
export async function patchJson(
  context: Context,
  {
    key,
    kind,
    patch: document,
  }: { readonly key: string; readonly kind: "merge" | "operations"; readonly patch: unknown },
  options: EditOptions,
): Promise<Written> {
  const contentType = kind === "merge" ? MEDIA.mergePatch : MEDIA.jsonPatch;
  const query = expiryQuery(options);
  // RFC 7396: a merge patch twice is the same as once. Of operations (RFC 6902) nobody can say so.
  const isIdempotent = kind === "merge" && isUnconditional(options);
  return patch(context, { key, body: toJsonText(document), contentType, query, isIdempotent }, options);
}

interface Patch {
  readonly key: string;
  readonly body: string;
  readonly contentType: string;
  readonly query: ReturnType<typeof expiryQuery>;
  readonly isIdempotent: boolean;
}

async function patch(
  context: Context,
  { key, body, contentType, query, isIdempotent }: Patch,
  options: EditOptions,
): Promise<Written> {
  const target = keyTarget(fullKey(context, key), query);
  const headers = { ...MINIMAL, ...conditions(options), [FIELD.contentType]: contentType };
  const call = { method: "PATCH", target, headers, body, options, isIdempotent };
  const { status, headers: answered } = await askToWrite(context, call);
  return writtenFromFields(status, answered);
}

function expiryOf(ends: number | Date): Pick<WriteOptions, "ttlMs" | "expiresAt"> {
  return typeof ends === "number" ? { ttlMs: ends } : { expiresAt: ends };
}

function formOfExpiry(options: Pick<WriteOptions, "ttlMs" | "expiresAt">): Record<string, string> {
  const given = Object.entries(expiryQuery(options)).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
