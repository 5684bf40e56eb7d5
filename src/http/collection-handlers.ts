// The methods on `/keys`, the collection (contract §6); how it is listed stands in listing.ts.

import { KeyholdError } from "../core/errors.ts";
import { type Expiry, NEVER } from "../core/expiry.ts";
import { parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import type { Entries, Pair } from "../service/entries.ts";
import { contentOfJson, contentOfText, entriesToObject } from "../wire/entry-json.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { decodeJsonText, type JsonMember, parseJsonObject } from "../wire/json-object.ts";
import { essence } from "../wire/media-type.ts";
import { readBody, refuseBody } from "./body.ts";
import { writtenHeaders } from "./entry-headers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { EXPIRY_PARAMETERS, readExpiry } from "./expiry-fields.ts";
import { jsonBodyBytes, requireValueSize } from "./json-dialect.ts";
import { LISTING_PARAMETERS, listEntries, readKeySet, readNamedKeys, SELECTION_PARAMETERS } from "./listing.ts";
import { Parameters } from "./parameters.ts";
import { JSON_VIEW_SUFFIX, readWriteConditions, refuseConditions } from "./preconditions.ts";
import { encodePath } from "./target.ts";

export interface CollectionRequest {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
  readonly entries: Entries;
  readonly maxValueBytes: number;
}

export function listCollection(request: CollectionRequest): Promise<Reply> {
  return listEntries(request);
}

/** As a listing, with the parameters in a JSON body, for more names than a URL holds (RFC 10008). */
export async function queryCollection(request: CollectionRequest): Promise<Reply> {
  const { incoming } = request;
  request.parameters.requireKnown([]);
  const text = await readJsonText(incoming, LIMITS.parameterBodyBytes);
  const pairs = parseJsonObject(text).flatMap(toParameterPairs);
  return listEntries({ ...request, parameters: new Parameters(pairs).requireKnown(LISTING_PARAMETERS) });
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
  const text = await readJsonText(incoming, Math.max(jsonBodyBytes(maxValueBytes), 2 * LIMITS.batchBytes));
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

function toPair({ name, text }: JsonMember, expiry: Expiry, maxValueBytes: number): Pair {
  const key = parseKey(name);
  return { key, ...requireValueSize(contentOfJson(text), key, maxValueBytes), expiry };
}

/** A body that is JSON by its type, or by what curl -d calls everything. */
async function readJsonText(incoming: Incoming, maxBytes: number): Promise<string> {
  const contentType = incoming.header(FIELD.contentType);
  if (contentType !== null && ![MEDIA.json, MEDIA.form].some((type) => type === essence(contentType))) {
    throw new KeyholdError(
      "unsupported-media-type",
      `Cannot read a body of type ${quote(contentType)}: send a JSON object as application/json`,
    );
  }
  const tooLarge = () =>
    new KeyholdError("body-too-large", `Cannot read the body: it has more than ${maxBytes} bytes; send it in parts`, {
      limit: maxBytes,
    });
  return decodeJsonText(await readBody(incoming, { maxBytes, tooLarge }));
}

/** A member of a QUERY body as the parameters that a URL would carry. */
function toParameterPairs({ name, text }: JsonMember): readonly (readonly [string, string])[] {
  const value: unknown = JSON.parse(text);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.flatMap((item) => {
    if (item === false) return [];
    if (item === true) return [[name, "1"] as const];
    if (typeof item === "string" || typeof item === "number") return [[name, String(item)] as const];
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot use ${name}=${text.slice(0, 80)}: a text, a number, true or false is needed`,
      {
        parameter: name,
      },
    );
  });
}
