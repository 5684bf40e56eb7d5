// The methods on `/keys`, the collection (contract §6); how it is listed stands in listing.ts.

import { requireMutationCount } from "../core/batch.ts";
import { ALWAYS } from "../core/condition.ts";
import { type Entry, hasValue } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type Expiry, KEEP, NEVER } from "../core/expiry.ts";
import { parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { essence } from "../core/media-type.ts";
import { quote } from "../core/quote.ts";
import { wrapperName } from "../core/value-form.ts";
import type { Entries, Pair } from "../service/entries.ts";
import type { HubView } from "../service/watch/hub-view.ts";
import {
  type Content,
  contentOfBytes,
  contentOfJson,
  contentOfText,
  entriesToObject,
  valueToJson,
} from "../wire/entry-json.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { mergePatch } from "../wire/json-merge-patch.ts";
import { decodeJsonText, type JsonMember, parseJsonObject } from "../wire/json-object.ts";
import { countParts } from "../wire/json-scan.ts";
import { jsonBodyLimit, readBody, readJsonText, refuseBody } from "./body.ts";
import { writtenHeaders } from "./entry-headers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { EXPIRY_PARAMETERS, readExpiry } from "./expiry-fields.ts";
import { jsonBodyBytes, requireValueSize } from "./json-dialect.ts";
import { LISTING_PARAMETERS, listEntries, readKeySet, readNamedKeys, SELECTION_PARAMETERS } from "./listing.ts";
import { type Parameters, parametersOf } from "./parameters.ts";
import { patchTooLarge, requirePatchable, requirePatchParts } from "./patch-handlers.ts";
import { JSON_VIEW_SUFFIX, readWriteConditions, refuseConditions } from "./preconditions.ts";
import { encodePath } from "./target.ts";
import { watchCollection } from "./watch.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface CollectionRequest {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
  readonly entries: Entries;
  readonly hub: HubView;
  readonly maxValueBytes: number;
}

export function listCollection(request: CollectionRequest): Promise<Reply> {
  return request.parameters.flag("watch") ? watchCollection(request) : listEntries(request);
}

/** As a listing, with the parameters in a JSON body, for more names than a URL holds (RFC 10008). */
export async function queryCollection(request: CollectionRequest): Promise<Reply> {
  const { incoming } = request;
  request.parameters.requireKnown([]);
  const text = await readJsonText(incoming, LIMITS.parameterBodyBytes);
  const asked = parametersOf(parseJsonObject(text)).requireKnown(LISTING_PARAMETERS);
  return listEntries({ ...request, parameters: asked });
}

/** Creates all pairs of a JSON object, or none. */
export async function createInCollection({
  incoming,
  parameters,
  entries,
  maxValueBytes,
}: CollectionRequest): Promise<Reply> {
  parameters.requireKnown(EXPIRY_PARAMETERS);
  refuseConditions(incoming);
  const expiry = readExpiry(parameters, incoming, entries.now()) ?? NEVER;
  const text = await readJsonText(incoming, collectionBodyBytes(maxValueBytes));
  // Before it is parsed: a body of its length may name a million.
  requireMutationCount(countParts(text).top);
  const pairs = parseJsonObject(text).map((member) => toPair(member, expiry, maxValueBytes));
  if (pairs.length === 0) throw new KeyholdError("invalid-json", "Cannot create nothing: the object has no member");
  const written = await entries.create(pairs);
  return pairsReply(pairs, { status: 201, isCreated: true, written, entries });
}

/** `PUT /keys?name=value[&name2=v2…]`: sets all pairs, or none. */
export async function putInCollection({
  incoming,
  parameters,
  entries,
  maxValueBytes,
}: CollectionRequest): Promise<Reply> {
  await refuseBody(incoming);
  const when = readWriteConditions(incoming);
  const expiry = readExpiry(parameters, incoming, entries.now()) ?? NEVER;
  const pairs = parameters.pairs
    .filter(([name]) => !EXPIRY_PARAMETERS.some((reserved) => reserved === name))
    .map(([name, value]): Pair => {
      const key = parseKey(name);
      return { key, ...requireValueSize(contentOfText(value), key, maxValueBytes), expiry };
    });
  if (pairs.length === 0) {
    throw new KeyholdError("invalid-request", "Cannot set nothing: name a pair, such as PUT /keys?name=value");
  }
  const written = await entries.putAll(pairs, when);
  const status = written.some(({ isNew }) => isNew) ? 201 : 200;
  return pairsReply(pairs, { status, isCreated: status === 201, written, entries });
}

/** `PATCH /keys`: a merge patch (RFC 7396) of the collection seen as one object; null deletes. All of it, or nothing. */
export async function patchCollection({
  incoming,
  parameters,
  entries,
  maxValueBytes,
}: CollectionRequest): Promise<Reply> {
  parameters.requireKnown(EXPIRY_PARAMETERS);
  refuseConditions(incoming);
  requireMergePatch(incoming);
  const expiry = readExpiry(parameters, incoming, entries.now()) ?? KEEP;
  const body = await readBody(incoming, jsonBodyLimit(collectionBodyBytes(maxValueBytes)));
  const patches = parseJsonObject(requirePatchParts(decodeJsonText(body))).map(({ name, text }) => ({
    key: parseKey(name),
    patch: text,
  }));
  if (patches.length === 0) throw new KeyholdError("invalid-json", "Cannot patch nothing: the object has no member");
  const merged = patches.filter(({ patch }) => isMerge(patch)).map(({ key }) => key);
  const { outcomes, revision } = await entries.editAll(merged, (current) =>
    patches.map(({ key, patch }) => {
      if (patch === "null") return { op: "delete", key, when: ALWAYS, want: "info" };
      const entry = current.get(key) ?? null;
      const content = isMerge(patch) ? mergedContent(entry, patch) : contentOfJson(patch);
      return { op: "put", key, when: ALWAYS, want: "after", ...requireValueSize(content, key, maxValueBytes), expiry };
    }),
  );
  const shown = patches.map(({ key }, index) => {
    const after = outcomes[index]?.after ?? null;
    return `${JSON.stringify(key)}: ${hasValue(after) ? valueToJson(after) : "null"}`;
  });
  const headers = { [FIELD.contentType]: MEDIA.json, [FIELD.revision]: String(revision) };
  return { status: 200, headers, body: `{${shown.join(", ")}}` };
}

export async function deleteFromCollection({ incoming, parameters, entries }: CollectionRequest): Promise<Reply> {
  parameters.requireKnown(SELECTION_PARAMETERS);
  refuseConditions(incoming);
  const keys = readNamedKeys(parameters);
  const narrowing = SELECTION_PARAMETERS.find((name) => name !== "key" && parameters.one(name) !== null);
  if (keys !== null && narrowing !== undefined) {
    throw new KeyholdError("invalid-parameter", `Cannot use ${narrowing} with key: choose one of them`, {
      parameter: narrowing,
    });
  }
  const deleted = await entries.deleteAll(keys === null ? { set: readKeySet(parameters) } : { keys });
  return { status: 200, headers: { [FIELD.contentType]: MEDIA.json }, body: `{"deleted": ${deleted}}` };
}

function requireMergePatch(incoming: Incoming): void {
  const contentType = incoming.header(FIELD.contentType);
  if (contentType !== null && essence(contentType) === MEDIA.mergePatch) return;
  throw new KeyholdError(
    "unsupported-media-type",
    `Cannot patch the collection by ${quote(contentType ?? "none")}: send ${MEDIA.mergePatch}`,
  );
}

/** Whether the patch of a value goes into it, instead of taking its place. */
function isMerge(patch: string): boolean {
  return patch.startsWith("{") && wrapperName(patch) === null;
}

/** What is no JSON is a string or a wrapper to the collection, and a string has no members: it is replaced. */
function mergedContent(entry: Entry | null, patch: string): Content {
  const isJson = entry !== null && (entry.form === "json" || entry.form === "wrapped-json");
  if (isJson) requirePatchable(entry);
  if (Buffer.byteLength(patch) > LIMITS.patchedBytes) throw patchTooLarge();
  const text = mergePatch(isJson ? decoder.decode(entry.value) : null, patch);
  return contentOfBytes(encoder.encode(text), isJson ? entry.contentType : MEDIA.json);
}

interface Committed {
  readonly status: number;
  readonly isCreated: boolean;
  readonly written: Awaited<ReturnType<Entries["putAll"]>>;
  readonly entries: Entries;
}

/** The object as stored; of a single pair also where it is and what it was given. */
function pairsReply(pairs: readonly Pair[], { status, isCreated, written, entries }: Committed): Reply {
  const [first] = written;
  const headers: Record<string, string> = { [FIELD.contentType]: MEDIA.json };
  if (first !== undefined) headers[FIELD.revision] = String(first.info.revision);
  if (first !== undefined && written.length === 1) {
    Object.assign(headers, writtenHeaders(first.info, entries.now(), JSON_VIEW_SUFFIX));
    if (isCreated) headers[FIELD.location] = `/keys/${encodePath(first.info.key)}`;
  }
  return { status, headers, body: entriesToObject(pairs) };
}

/** Longest JSON body that can hold one value as large as may be, or a batch. */
function collectionBodyBytes(maxValueBytes: number): number {
  return Math.max(jsonBodyBytes(maxValueBytes), 2 * LIMITS.batchBytes);
}

function toPair({ name, text }: JsonMember, expiry: Expiry, maxValueBytes: number): Pair {
  const key = parseKey(name);
  return { key, ...requireValueSize(contentOfJson(text), key, maxValueBytes), expiry };
}
