// `GET /keys` and `QUERY /keys`: which entries, in which form, page by page. Pages are read as the client takes them, so a
// listing of any length needs the memory of one; each page is of one instant (docs/protocol.md).
import type { Entry, EntryInfo } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { EpochMs } from "../core/expiry.ts";
import { compareKeys, type Key, keyBytes, parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { essence } from "../core/media-type.ts";
import { parsePattern } from "../core/pattern.ts";
import { quote } from "../core/quote.ts";
import type { KeySet, Range } from "../core/range.ts";
import type { Entries } from "../service/entries.ts";
import type { Since } from "../service/watch/feed.ts";
import type { HubView } from "../service/watch/hub-view.ts";
import type { Cursor } from "../store/store.ts";
import { entryToJson, entryToMetaJson } from "../wire/entry-json.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { negotiate } from "./accept.ts";
import type { Incoming, Reply } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";
import { readFromSince, readSince, readWaitMs } from "./waits.ts";

export const SELECTION_PARAMETERS = ["filter", "prefix", "key"] as const;
/** What narrows the set of keys; not beside `key`. */
export const NARROWING_PARAMETERS = ["filter", "prefix", "start", "end"] as const;
export const LISTING_PARAMETERS = [
  "key",
  ...NARROWING_PARAMETERS,
  "limit",
  "cursor",
  "reverse",
  "keys",
  "meta",
  "count",
] as const;

/** Parameters of a GET that waits for a change. */
const WAIT_PARAMETERS = ["wait", "since"] as const;

type Shape = "pairs" | "keys" | "meta";

interface Listing {
  /** Named keys in key order; null where `set` says which. */
  readonly keys: readonly Key[] | null;
  readonly set: KeySet;
  readonly after: Key | null;
  readonly reverse: boolean;
  /** Entries in the answer; null for all, streamed. */
  readonly limit: number | null;
  readonly shape: Shape;
  readonly hasCount: boolean;
  /** Null for an answer at once. */
  readonly waitMs: number | null;
  readonly since: Since;
}

/** How a listing is written down. */
interface Format {
  readonly mediaType: string;
  readonly open: string;
  readonly between: string;
  readonly close: string;
}

const JSON_FORMAT: Format = { mediaType: MEDIA.json, open: "[", between: ", ", close: "]" };
const KEYS_FORMAT: Format = { ...JSON_FORMAT, between: "," };
const LINES: Pick<Format, "open" | "between" | "close"> = { open: "", between: "\n", close: "\n" };
const NDJSON_FORMAT: Format = { mediaType: MEDIA.ndjson, ...LINES };
const TEXT_FORMAT: Format = { mediaType: MEDIA.plain, ...LINES };

/** Parameters that a link to the next page does not repeat. */
const NOT_OF_NEXT_PAGE: readonly string[] = ["cursor", "count", ...WAIT_PARAMETERS];

/** A key may begin with U+FEFF, which is no byte order mark there. */
const cursorDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of values that are read together where single entries are named. */
const NAMED_BATCH_BYTES = 32 * 1024 * 1024;

interface ListingPage {
  readonly items: readonly string[];
  /** Where a next page would begin; null when there is none. */
  readonly next: Key | null;
}

export interface ListRequest {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
  readonly entries: Entries;
  readonly hub: HubView;
  readonly maxValueBytes: number;
}

export async function listEntries(request: ListRequest): Promise<Reply> {
  const { incoming, parameters, entries, hub, maxValueBytes } = request;
  const listing = readListing(parameters, incoming);
  const format = chooseFormat(incoming, listing.shape);
  const shared = { [FIELD.cacheControl]: "no-cache", [FIELD.vary]: FIELD.accept };
  const unchangedTo = await waitUntilChanged(listing, request);
  if (unchangedTo !== null) return { status: 304, headers: { ...shared, [FIELD.cursor]: unchangedTo }, body: null };
  const headers: Record<string, string> = {
    [FIELD.contentType]: format.mediaType,
    ...shared,
    // Taken before anything is read, so that a watch from there misses nothing of what the pages do not show.
    [FIELD.cursor]: await hub.latestCursor(),
  };
  const read = makePageReader(listing, { entries, format, maxValueBytes });
  if (listing.hasCount) headers[FIELD.totalCount] = String(await countListed(listing, request));
  if (listing.limit !== null) {
    const { items, next } = await readUpTo(listing.limit, listing.after, read);
    if (next !== null) headers[FIELD.link] = `<${nextTarget(parameters, next)}>; rel="next"`;
    return { status: 200, headers, body: whole(items, format) };
  }
  // The first page is read before the head is sent, so that what fails at once is answered as a problem.
  const first = await read(listing.after, LIMITS.pageEntries);
  const body = first.next === null ? whole(first.items, format) : new PageStream(first, read, format);
  return { status: 200, headers, body };
}

/** The set that `filter`, `prefix`, `start` and `end` describe. @throws "invalid-parameter" */
export function readKeySet(parameters: Parameters): KeySet {
  const filter = parameters.one("filter");
  return {
    prefix: requireText("prefix", parameters.one("prefix")) ?? "",
    pattern: filter === null ? null : parsePattern(filter),
    start: requireText("start", parameters.one("start")),
    end: requireText("end", parameters.one("end")),
  };
}

/** The keys that `key` names. @throws "invalid-key"; "invalid-parameter" beyond LIMITS.namedKeys */
export function readNamedKeys(parameters: Parameters): readonly Key[] | null {
  const names = parameters.all("key");
  if (names.length === 0) return null;
  if (names.length > LIMITS.namedKeys) {
    throw new KeyholdError("invalid-parameter", `Cannot take ${names.length} keys at once, limit ${LIMITS.namedKeys}`, {
      parameter: "key",
      limit: LIMITS.namedKeys,
    });
  }
  return [...new Set(names.map(parseKey))].sort(compareKeys);
}

/** @throws "invalid-parameter" where one of these is given */
export function refuseBesideKeys(parameters: Parameters, names: readonly string[]): void {
  const narrowing = names.find((name) => parameters.one(name) !== null);
  if (narrowing === undefined) return;
  throw new KeyholdError("invalid-parameter", `Cannot use ${narrowing} with key: named keys are answered as they are`, {
    parameter: narrowing,
  });
}

function readListing(parameters: Parameters, incoming: Incoming): Listing {
  parameters.requireKnown([...LISTING_PARAMETERS, ...WAIT_PARAMETERS]);
  const waitMs = readWaitMs(parameters);
  if (waitMs === null && parameters.one("since") !== null) {
    throw new KeyholdError("invalid-parameter", "Cannot use since alone: a wait or a watch begins there", {
      parameter: "since",
    });
  }
  const keys = readNamedKeys(parameters);
  if (keys !== null) refuseBesideKeys(parameters, [...NARROWING_PARAMETERS, "limit", "cursor"]);
  const hasKeys = parameters.flag("keys");
  const hasMeta = parameters.flag("meta");
  if (hasKeys && hasMeta) {
    throw new KeyholdError("invalid-parameter", "Cannot use both keys and meta: choose names or whole entries", {
      parameter: "keys",
    });
  }
  const reverse = parameters.flag("reverse");
  return {
    keys: keys !== null && reverse ? keys.toReversed() : keys,
    set: readKeySet(parameters),
    after: readCursor(parameters.one("cursor")),
    reverse,
    limit: parameters.integer("limit", { min: 1, max: LIMITS.pageEntries }),
    shape: hasKeys ? "keys" : hasMeta ? "meta" : "pairs",
    hasCount: parameters.flag("count"),
    waitMs,
    since: waitMs === null ? "now" : readSince(parameters, incoming),
  };
}

/** Null when the listing is to be answered; else the place in the log that nothing of it has changed up to. */
async function waitUntilChanged(
  { keys, set, waitMs, since }: Listing,
  { hub, incoming }: ListRequest,
): Promise<Cursor | null> {
  if (waitMs === null || since === "snapshot" || (waitMs === 0 && since === "now")) return null;
  const selection = keys === null ? { set } : { keys };
  incoming.keepOpen();
  return readFromSince(hub.waitForChange({ selection, since, waitMs }, incoming.signal), incoming);
}

function chooseFormat(incoming: Incoming, shape: Shape): Format {
  const offers = [MEDIA.json, MEDIA.ndjson, ...(shape === "meta" ? [] : [MEDIA.plain])];
  const chosen = negotiate(incoming.header(FIELD.accept), offers);
  switch (chosen) {
    case MEDIA.ndjson:
      return NDJSON_FORMAT;
    case MEDIA.plain:
      return TEXT_FORMAT;
    case MEDIA.json:
      return shape === "keys" ? KEYS_FORMAT : JSON_FORMAT;
    default:
      throw new KeyholdError(
        "not-acceptable",
        `Cannot answer as ${incoming.header(FIELD.accept)}: a listing is served as ${offers.map(essence).join(", ")}`,
      );
  }
}

type PageReader = (after: Key | null, limit: number) => Promise<ListingPage>;

interface ReadParts {
  readonly entries: Entries;
  readonly format: Format;
  readonly maxValueBytes: number;
}

/** How this listing reads one page of its items, each already written down. */
function makePageReader(listing: Listing, { entries, format, maxValueBytes }: ReadParts): PageReader {
  const isOneLine = format.mediaType === MEDIA.ndjson;
  const onlyNames = listing.shape === "keys" || format === TEXT_FORMAT;
  const nameOf = ({ key }: EntryInfo) => (format === TEXT_FORMAT ? key : JSON.stringify(key));
  const show = (entry: Entry, now: EpochMs) =>
    listing.shape === "meta" ? entryToMetaJson(entry, now, isOneLine) : entryToJson(entry, isOneLine);
  const { keys } = listing;
  if (keys !== null) {
    const batch = namedBatch(maxValueBytes);
    return async (after) => {
      const from = after === null ? 0 : keys.indexOf(after) + 1;
      const named = keys.slice(from, from + batch);
      const found = await entries.getMany(named);
      const now = entries.now();
      const items = found.map((entry) => (onlyNames ? nameOf(entry) : show(entry, now)));
      return { items, next: from + batch < keys.length ? (named.at(-1) ?? null) : null };
    };
  }
  return async (after, limit) => {
    const range: Range = { ...listing.set, after, reverse: listing.reverse, limit };
    if (onlyNames) {
      const { items, next } = await entries.list(range);
      return { items: items.map(nameOf), next };
    }
    const { items, next } = await entries.scan(range);
    const now = entries.now();
    return { items: items.map((entry) => show(entry, now)), next };
  };
}

/** Reads until the limit is met, the listing ends, or the answer has taken enough text or steps for one page. */
async function readUpTo(limit: number, from: Key | null, read: PageReader): Promise<ListingPage> {
  const items: string[] = [];
  let next = from;
  let length = 0;
  let steps = 0;
  do {
    steps++;
    const page = await read(next, limit - items.length);
    items.push(...page.items);
    length += page.items.reduce((sum, item) => sum + item.length, 0);
    next = page.next;
  } while (next !== null && items.length < limit && length < LIMITS.pageLength && steps < LIMITS.pageSteps);
  return { items, next };
}

/**
 * Page by page as the client takes them. No generator, as one that is suspended keeps whatever it has named, and a thousand
 * clients that take nothing would keep a thousand pages.
 */
class PageStream implements AsyncIterableIterator<string> {
  readonly #read: PageReader;
  readonly #format: Format;
  /** The page that is sent next; null where it is still to be read. */
  #page: ListingPage | null;
  #next: Key | null;
  #isEmpty = true;
  #state: "begins" | "goes-on" | "is-over" = "begins";

  constructor(first: ListingPage, read: PageReader, format: Format) {
    this.#page = first;
    this.#next = first.next;
    this.#read = read;
    this.#format = format;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<string>> {
    const { open, between, close } = this.#format;
    if (this.#state === "is-over") return { done: true, value: null };
    if (this.#state === "begins") {
      this.#state = "goes-on";
      return { done: false, value: open };
    }
    const page = this.#page ?? (this.#next === null ? null : await this.#read(this.#next, LIMITS.pageEntries));
    this.#page = null;
    if (page === null) {
      this.#state = "is-over";
      return { done: false, value: this.#isEmpty && open === "" ? "" : close };
    }
    this.#next = page.next;
    if (page.items.length === 0) return { done: false, value: "" };
    const text = (this.#isEmpty ? "" : between) + page.items.join(between);
    this.#isEmpty = false;
    return { done: false, value: text };
  }
}

function whole(items: readonly string[], format: Format): string {
  if (items.length === 0 && format.open === "") return "";
  return `${format.open}${items.join(format.between)}${format.close}`;
}

async function countListed({ keys, set }: Listing, { entries, maxValueBytes }: ListRequest): Promise<number> {
  if (keys === null) return entries.count(set);
  const batch = namedBatch(maxValueBytes);
  let total = 0;
  for (let from = 0; from < keys.length; from += batch) {
    total += (await entries.getMany(keys.slice(from, from + batch))).length;
  }
  return total;
}

/** Named entries to read at once, so that their values fit into NAMED_BATCH_BYTES. */
function namedBatch(maxValueBytes: number): number {
  return Math.max(1, Math.floor(NAMED_BATCH_BYTES / maxValueBytes));
}

/** The cursor is the last key of the page, so it never expires; clients need not know. */
function nextTarget(parameters: Parameters, next: Key): string {
  const cursor = new TextEncoder().encode(next).toBase64({ alphabet: "base64url", omitPadding: true });
  const kept = parameters.pairs.filter(([name]) => !NOT_OF_NEXT_PAGE.includes(name));
  const query = [...kept, ["cursor", cursor] as const].map(
    ([name, value]) => encodeURIComponent(name) + (value === "" ? "" : `=${encodeURIComponent(value)}`),
  );
  return `/keys?${query.join("&")}`;
}

function readCursor(text: string | null): Key | null {
  if (text === null) return null;
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return parseKey(cursorDecoder.decode(bytes));
  } catch (error) {
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot resume from cursor=${quote(text)}: take it unchanged from the Link field of the page before`,
      { parameter: "cursor" },
      { cause: error },
    );
  }
}

function requireText(name: string, text: string | null): string | null {
  if (text === null || keyBytes(text) <= LIMITS.keyBytes) return text;
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use ${name}: it is longer than any key, limit ${LIMITS.keyBytes} bytes`,
    {
      parameter: name,
      limit: LIMITS.keyBytes,
    },
  );
}
