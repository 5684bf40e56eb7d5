// The methods on one entry but PATCH, for any dialect: conditions, expiry and ranges are read here, once for all.
import type { Entry } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { NEVER } from "../core/expiry.ts";
import type { Key } from "../core/key.ts";
import type { Entries } from "../service/entries.ts";
import { notFound, preconditionFailed } from "../service/entry-faults.ts";
import type { HubView } from "../service/watch/hub-view.ts";
import { FIELD } from "../wire/headers.ts";
import { parseByteRange } from "./byte-range.ts";
import type { Dialect, View } from "./dialect.ts";
import type { Incoming, Reply, ReplyHeaders } from "./exchange.ts";
import { EXPIRY_PARAMETERS, readExpiry } from "./expiry-fields.ts";
import type { Parameters } from "./parameters.ts";
import { allowsRange, judgeRead, type ReadVerdict, readWriteConditions } from "./preconditions.ts";
import { wantsMinimal, wantsRepresentation } from "./prefer.ts";
import { readWaitMs } from "./waits.ts";

export interface EntryRequest {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
  readonly key: Key;
  readonly dialect: Dialect;
  readonly entries: Entries;
  readonly hub: HubView;
}

export function getEntry(request: EntryRequest): Reply | Promise<Reply> {
  const { parameters, key, dialect, entries } = request;
  parameters.requireKnown(dialect.readParameters);
  // What is malformed is told whether there is an entry or not.
  for (const name of dialect.readFlags) parameters.flag(name);
  const waitMs = readWaitMs(parameters);
  // Before it is read, so that nothing committed after that goes unseen.
  const stamp = parameters.pairs.length === 0 ? entries.stampOf(key) : null;
  const entry = waitMs === null ? entries.get(key) : entryAfterWait(request, waitMs);
  if (entry instanceof Promise) return entry.then((found) => showEntry(request, found));
  const reply = showEntry(request, entry);
  return stamp === null || entry.expiresAt !== null ? reply : { ...reply, stands: stamp };
}

function showEntry(request: EntryRequest, entry: Entry): Reply {
  const { incoming, parameters, dialect } = request;
  return showThrough(dialect.view(incoming, parameters, entry.contentType), entry, request);
}

/** The answer to a read of an entry, as its conditions and ranges have it. @throws "precondition-failed", "range-not-satisfiable" */
export function showThrough(
  view: View,
  entry: Entry,
  { incoming, key, entries }: Pick<EntryRequest, "incoming" | "key" | "entries">,
): Reply {
  // What does not end looks the same at every instant.
  const now = entry.expiresAt === null ? entry.modifiedAt : entries.now();
  const headers = view.headers(entry, now);
  switch (verdictOn(entry, view, incoming)) {
    case "failed":
      throw preconditionFailed(key, entry);
    case "not-modified":
      return notModified(headers);
    default: {
      const reply = { status: 200, headers, body: view.body(entry, now) };
      return view.hasRanges && incoming.method === "GET" ? partOf(reply, incoming, entry) : reply;
    }
  }
}

export async function putEntry({ incoming, parameters, key, dialect, entries }: EntryRequest): Promise<Reply> {
  parameters.requireKnown(EXPIRY_PARAMETERS);
  const when = readWriteConditions(incoming);
  const expiry = readExpiry(parameters, incoming, entries.now()) ?? NEVER;
  const content = await dialect.readContent(incoming, key);
  const written = await entries.put(key, { ...content, expiry }, when);
  return dialect.written(written, content, entries.now(), !wantsMinimal(incoming));
}

export async function deleteEntry({ incoming, parameters, key, dialect, entries }: EntryRequest): Promise<Reply> {
  parameters.requireKnown([]);
  const when = readWriteConditions(incoming);
  if (!wantsRepresentation(incoming)) {
    await entries.delete(key, when);
    return dialect.deleted();
  }
  const entry = await entries.take(key, when);
  if (entry === null) return dialect.deleted();
  const view = viewOfTaken(incoming, parameters, dialect, entry);
  const headers = { ...view.headers(entry, entries.now()), [FIELD.preferenceApplied]: "return=representation" };
  return { status: 200, headers, body: view.body(entry, entries.now()) };
}

/** As a read shows it; where that would be refused, as the entry is gone by now, in the dialect's own way. */
function viewOfTaken(incoming: Incoming, parameters: Parameters, dialect: Dialect, entry: Entry): View {
  try {
    return dialect.view(incoming, parameters, entry.contentType);
  } catch (error) {
    if (error instanceof KeyholdError && error.code === "not-acceptable") return dialect.ownView;
    throw error;
  }
}

/**
 * The entry as soon as there is one that is to be answered, and not 304: a client that knows a state of it (`If-None-Match`)
 * waits while that stands, any other until there is one. @throws "not-found"
 */
async function entryAfterWait(request: EntryRequest, waitMs: number): Promise<Entry> {
  const { incoming, parameters, key, dialect, hub } = request;
  const isNews = (entry: Entry) =>
    verdictOn(entry, dialect.view(incoming, parameters, entry.contentType), incoming) !== "not-modified";
  const knowsState = incoming.header(FIELD.ifNoneMatch) !== null;
  incoming.keepOpen();
  const entry = await hub.waitForEntry({ key, waitMs, knowsState, isNews }, incoming.signal);
  if (entry === null) throw notFound(key);
  return entry;
}

/** A view without a strong tag is always answered. */
function verdictOn(entry: Entry, { tagSuffix }: View, incoming: Incoming): ReadVerdict {
  return tagSuffix === null ? "proceed" : judgeRead(incoming, entry, tagSuffix);
}

/** RFC 9110 §15.4.5: what a cache needs to renew what it has, and no content. */
function notModified(headers: ReplyHeaders): Reply {
  const { [FIELD.contentType]: _type, [FIELD.contentDisposition]: _disposition, ...kept } = headers;
  return { status: 304, headers: kept, body: null };
}

/** @throws "range-not-satisfiable" */
function partOf(reply: Reply, incoming: Incoming, entry: Entry): Reply {
  const field = incoming.header(FIELD.range);
  if (field === null || !allowsRange(incoming, entry)) return reply;
  const range = parseByteRange(field, entry.size);
  if (range === null) return reply;
  if (range === "unsatisfiable") {
    throw new KeyholdError("range-not-satisfiable", `Cannot answer ${field}: the value has ${entry.size} bytes`, {
      key: entry.key,
      size: entry.size,
    });
  }
  const headers = { ...reply.headers, [FIELD.contentRange]: `bytes ${range.start}-${range.end - 1}/${entry.size}` };
  return { status: 206, headers, body: entry.value.subarray(range.start, range.end) };
}
