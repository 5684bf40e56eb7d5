// GET, HEAD and QUERY of the collection: docs/protocol.md §6, read anew.
import { type Check, type Expectation, expecting, field, json, ofBody, refusing, wholeEntry } from "./expectation.ts";
import { array, differenceOf, object, parseTree, string, type Tree } from "./json-tree.ts";
import { type Ask, bytesOf, fieldOf, type Span, textOf } from "./messages.ts";
import { oneOf, type Pairs, splitTarget, wrongParameter } from "./targets.ts";
import { viewOf } from "./values.ts";
import { compareKeys, type Entry, type NextPage, type World } from "./world.ts";

const SET_NAMES = ["filter", "prefix", "key", "start", "end"];
const FLAGS = ["reverse", "keys", "meta", "count"];
const NDJSON = "application/x-ndjson";
const PAGE_MAX = 10_000;
const FILTER_BYTES_MAX = 512;

export function expectListing(world: World, ask: Ask, query: Pairs, span: Span): Expectation {
  const page = world.pages.get(ask.target);
  if (page !== undefined) return expectPage(world, { ask, page, query: splitTarget(page.first).query ?? [], span });
  if (wrongListing(query)) return refusing(400, "invalid-parameter");
  return expectPage(world, { ask, page: null, query, span });
}

interface PageAsk {
  readonly ask: Ask;
  /** Null for the first. */
  readonly page: NextPage | null;
  /** Of the first page. */
  readonly query: Pairs;
  readonly span: Span;
}

function expectPage(world: World, { ask, page, query, span }: PageAsk): Expectation {
  const has = (name: string) => oneOf(query, name) !== null;
  const format = formatOf(fieldOf(ask, "accept"), has("meta"));
  if (format === null) return refusing(406, "not-acceptable");
  const set = selected(world, query);
  const ordered = (has("reverse") ? set.toReversed() : set).filter(({ key }) =>
    isBehind(key, page?.after ?? null, has("reverse")),
  );
  const shown = ordered.slice(0, Number(oneOf(query, "limit") ?? PAGE_MAX));
  const trees = shown.map((entry): Tree => {
    if (has("keys")) return string(entry.key);
    return has("meta") ? wholeEntry(world, entry, span) : object([[entry.key, viewOf(entry.value)]]);
  });
  const total = field("total-count", has("count") && page === null ? String(set.length) : null);
  const learnNext = (target: string) => {
    const after = shown.at(-1)?.key ?? page?.after ?? null;
    world.pages.set(target, { target, first: page?.first ?? ask.target, accept: fieldOf(ask, "accept"), after });
  };
  const mayLeadNowhere = has("limit") && (has("filter") || world.hasEnded);
  const link = linkOf({ isMore: ordered.length > shown.length, mayLeadNowhere }, learnNext);
  const body = format === "text/plain" ? names(shown) : format === NDJSON ? lines(trees) : json(array(trees));
  return expecting(200, field("vary", "Accept"), total, link, hasCursor, body);
}

function isBehind(key: string, after: string | null, isReverse: boolean): boolean {
  if (after === null) return true;
  return isReverse ? compareKeys(key, after) < 0 : compareKeys(key, after) > 0;
}

/** What a listing, or a deletion, speaks of, in the order of keys. */
export function selected(world: World, query: Pairs): readonly Entry[] {
  const keys = query.filter(([name]) => name === "key").map(([, key]) => key);
  if (keys.length > 0) return world.sorted().filter(({ key }) => keys.includes(key));
  const [filter, prefix, start, end] = ["filter", "prefix", "start", "end"].map((name) => oneOf(query, name));
  return world
    .sorted()
    .filter(
      ({ key }) =>
        (filter == null || matches(key, filter)) &&
        (prefix == null || key.startsWith(prefix)) &&
        (start == null || compareKeys(key, start) >= 0) &&
        (end == null || compareKeys(key, end) < 0),
    );
}

/** `$` and `?` are one character, `*` any run, `\` takes the next literally. */
export function matches(key: string, filter: string): boolean {
  const pattern = filter.replaceAll(/\\(.)|([\s\S])/gu, (_, literal: string | undefined, sign: string | undefined) => {
    if (literal !== undefined) return literally(literal);
    if (sign === "*") return "[\\s\\S]*";
    return sign === "$" || sign === "?" ? "[\\s\\S]" : literally(sign ?? "");
  });
  return new RegExp(`^${pattern}$`, "u").test(key);
}

function literally(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
}

function wrongListing(query: Pairs): boolean {
  if (wrongParameter(query, [...SET_NAMES, "limit", "cursor"], FLAGS) !== null) return true;
  const has = (name: string) => oneOf(query, name) !== null;
  const limit = oneOf(query, "limit");
  const isBadLimit = limit !== null && (!/^\d+$/.test(limit) || Number(limit) < 1 || Number(limit) > PAGE_MAX);
  const isMixed = has("key") && ["filter", "prefix", "start", "end", "limit", "cursor"].some(has);
  const isLong = Buffer.byteLength(oneOf(query, "filter") ?? "") > FILTER_BYTES_MAX;
  return isBadLimit || isMixed || isLong || (has("keys") && has("meta"));
}

/** Null where nothing is acceptable. Requires: one media range at most, without parameters. */
function formatOf(accept: string | null, isWhole: boolean): string | null {
  if (accept === null || accept === "*/*" || accept === "application/json") return "application/json";
  if (accept === NDJSON) return NDJSON;
  return accept === "text/plain" && !isWhole ? accept : null;
}

const hasCursor: Check = ({ fields }) => (fields.has("cursor") ? null : "no Cursor");

/** @param mayLeadNowhere - a page ends without looking whether a filter would find what is behind it, or whether that has ended */
function linkOf(
  { isMore, mayLeadNowhere }: { readonly isMore: boolean; readonly mayLeadNowhere: boolean },
  learn: (target: string) => void,
): Check {
  return ({ fields }) => {
    const link = fields.get("link");
    const target = /^<([^>]*)>; rel="next"$/.exec(link ?? "")?.[1];
    if (target !== undefined) learn(target);
    if (isMore) return target === undefined ? `expected a further page, got Link: ${link}` : null;
    return link === undefined || mayLeadNowhere ? null : `expected no further page, got Link: ${link}`;
  };
}

function names(page: readonly Entry[]): Check {
  const expected = bytesOf(page.map(({ key }) => `${key}\n`).join(""));
  return ofBody(({ body }) =>
    body === expected ? null : `expected ${JSON.stringify(expected)}, got ${JSON.stringify(body)}`,
  );
}

function lines(trees: readonly Tree[]): Check {
  return ofBody(({ body, fields }) => {
    if (fields.get("content-type") !== NDJSON) return `expected ${NDJSON}, got ${fields.get("content-type")}`;
    const actual = (textOf(body) ?? "").split("\n");
    if (actual.pop() !== "" || actual.length !== trees.length) {
      return `expected ${trees.length} lines, got ${JSON.stringify(body)}`;
    }
    for (const [index, line] of actual.entries()) {
      const [expected, tree] = [trees[index], parseTree(line)];
      const wrong = expected === undefined || tree === null ? `no JSON: ${line}` : differenceOf(expected, tree);
      if (wrong !== null) return `line ${index + 1}: ${wrong}`;
    }
    return null;
  });
}
