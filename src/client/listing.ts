// Listings, page by page: each page is asked for when the one before has been taken, so that a listing of any length needs the
// memory of one, and a page that fails is asked for again by itself.
import { FIELD, MEDIA } from "../wire/headers.ts";
import { type Context, fullKey, ownKey } from "./context.ts";
import type { Entry } from "./entry.ts";
import { parseEntry } from "./entry-json.ts";
import { KeyholdError } from "./errors.ts";
import { linesOf } from "./lines.ts";
import type { CallOptions, ListOptions, PageOptions, SetOptions } from "./options.ts";
import { askToRead, withOwnKey } from "./reads.ts";
import type { Answer } from "./requester.ts";
import { keysTarget, type Query } from "./target.ts";

export interface Page {
  readonly entries: readonly Entry[];
  /** For `cursor` of the next page; null behind the last. */
  readonly next: string | null;
  /** A place in the log of changes from before the page was read, from which a watch misses nothing. */
  readonly cursor: string;
}

const PAGE_SIZE = 1000;
const PATTERN_SIGNS = /[\\*?$]/g;

export async function readPage(context: Context, options: PageOptions): Promise<Page> {
  const query = { ...rangeQuery(context, options), meta: true, limit: options.limit ?? PAGE_SIZE };
  const answer = await askForLines(context, { ...query, cursor: options.cursor ?? null }, options);
  const entries = linesOf(answer.body).map((line) => withOwnKey(context, parseEntry(line)));
  return { entries, next: nextOf(answer.headers), cursor: answer.headers.get(FIELD.cursor) ?? "" };
}

export async function* listEntries(context: Context, options: ListOptions): AsyncGenerator<Entry, void> {
  for await (const lines of pagesOf(context, options, { meta: true })) {
    for (const line of lines) yield withOwnKey(context, parseEntry(line));
  }
}

export async function* listKeys(context: Context, options: ListOptions): AsyncGenerator<string, void> {
  for await (const lines of pagesOf(context, options, { keys: true })) {
    for (const line of lines) yield ownKey(context, String(JSON.parse(line)));
  }
}

export async function countEntries(context: Context, options: CallOptions & SetOptions): Promise<number> {
  const query = { ...setQuery(context, options), keys: true, count: true, limit: 1 };
  const call = { method: "HEAD", target: keysTarget(query), isRepeatable: true, options };
  const { headers } = await context.requester.ask(call);
  const count = Number(headers.get(FIELD.totalCount) ?? Number.NaN);
  if (Number.isSafeInteger(count)) return count;
  throw new KeyholdError("unexpected-answer", "The answer has no field Total-Count: is it a Keyhold that answers?");
}

/** The set that is meant, as parameters: what a view with a prefix narrows to is always among them. */
export function setQuery({ prefix: own }: Context, { prefix, filter }: SetOptions): Query {
  const whole = `${own}${prefix ?? ""}`;
  return {
    prefix: whole === "" ? null : whole,
    filter: filter === undefined ? null : `${own.replace(PATTERN_SIGNS, "\\$&")}${filter}`,
  };
}

function rangeQuery(context: Context, options: Pick<ListOptions, "start" | "end" | "reverse"> & SetOptions): Query {
  return {
    ...setQuery(context, options),
    start: options.start === undefined ? null : fullKey(context, options.start),
    end: options.end === undefined ? null : fullKey(context, options.end),
    reverse: options.reverse ?? false,
  };
}

/** The lines of each page. */
async function* pagesOf(context: Context, options: ListOptions, shape: Query): AsyncGenerator<readonly string[], void> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let cursor: string | null = null;
  while (left > 0) {
    const limit = Math.min(left, options.pageSize ?? PAGE_SIZE);
    const answer = await askForLines(context, { ...rangeQuery(context, options), ...shape, limit, cursor }, options);
    const lines = linesOf(answer.body);
    yield lines;
    left -= lines.length;
    cursor = nextOf(answer.headers);
    if (cursor === null) return;
  }
}

function askForLines(context: Context, query: Query, options: CallOptions): Promise<Answer> {
  return askToRead(context, { target: keysTarget(query), headers: { [FIELD.accept]: MEDIA.ndjson }, options });
}

/** The cursor in `Link: </keys?…&cursor=…>; rel="next"`; the rest of it is what was asked for. */
function nextOf(headers: Headers): string | null {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(headers.get(FIELD.link) ?? "")?.[1];
  return target === undefined ? null : new URL(target, "http://keyhold.invalid").searchParams.get("cursor");
}
