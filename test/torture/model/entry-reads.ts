// GET and HEAD of one entry, in both dialects: docs/protocol.md §4, §5 and §9, read anew.
import { allowsRange, failed, judge } from "./conditions.ts";
import {
  bytes,
  type Check,
  type Dialect,
  type Expectation,
  expecting,
  field,
  json,
  lastModified,
  ofBody,
  refusing,
  validators,
  wholeEntry,
} from "./expectation.ts";
import { differenceOf, number, object, parseTree } from "./json-tree.ts";
import { type Ask, fieldOf, type Span, textOf } from "./messages.ts";
import { isShortKey, oneOf, type Pairs, wrongParameter } from "./targets.ts";
import { BYTES, essenceOf, JSON_TYPE, jsonOf, viewOf } from "./values.ts";
import type { Entry, World } from "./world.ts";

export interface EntryAsk {
  readonly ask: Ask;
  readonly key: string;
  readonly dialect: Dialect;
  readonly query: Pairs;
  readonly span: Span;
}

const NOSNIFF: readonly Check[] = [
  field("cache-control", "no-cache"),
  field("x-content-type-options", "nosniff"),
  field("content-security-policy", "sandbox; default-src 'none'"),
];

export function expectRead(world: World, { ask, key, dialect, query, span }: EntryAsk): Expectation {
  const wrong = wrongParameter(query, [], dialect === "json" ? ["meta"] : []);
  if (wrong !== null) return refusing(400, "invalid-parameter");
  const entry = world.entries.get(key);
  if (entry === undefined) return refusing(404, "not-found");
  if (oneOf(query, "meta") !== null) {
    if (weightIn(fieldOf(ask, "accept"), JSON_TYPE) === 0) return refusing(406, "not-acceptable");
    return expecting(200, field("etag", null), json(wholeEntry(world, entry, span)));
  }
  const view = dialect === "raw" ? "raw" : viewIn(entry, fieldOf(ask, "accept"));
  if (view === null) return refusing(406, "not-acceptable");
  const judgement = judge(ask, entry, view);
  if (judgement === "failed") return failed(entry);
  const common = [
    validators(world, entry, view),
    lastModified(entry),
    field("vary", dialect === "json" ? "Accept" : null),
  ];
  if (judgement === "not modified") return expecting(304, ...common, bytes(""));
  if (view === "json") return expecting(200, ...common, pairOf(entry));
  const location = dialect === "json" && isShortKey(key) && key !== "keys" ? `/${key}` : null;
  return expectBytes(ask, entry, [...common, ...NOSNIFF, field("content-location", location)]);
}

/** The pair of an entry, as its JSON view. */
export function pairOf(entry: Entry): Check {
  return json(object([[entry.key, viewOf(entry.value)]]));
}

/** The value itself; where the server chose its spelling, it is learnt. */
export function valueBytes(entry: Entry): Check {
  if (entry.isSpelt) return bytes(entry.value.bytes);
  const expected = jsonOf(entry.value);
  return ofBody(({ body }) => {
    const actual = parseTree(textOf(body) ?? "");
    if (expected === null || actual === null)
      return `expected the JSON ${entry.value.bytes}, got ${JSON.stringify(body)}`;
    const difference = differenceOf(expected, actual);
    if (difference === null) Object.assign(entry, { isSpelt: true, value: { ...entry.value, bytes: body } });
    return difference;
  });
}

/** Which view of an entry an Accept of `/keys/{key}` means; null for none. */
export function viewIn(entry: Entry, accept: string | null): Dialect | null {
  const stored = essenceOf(entry.value.type);
  const asPair = weightIn(accept, JSON_TYPE);
  const asBytes = Math.max(weightIn(accept, BYTES), stored === JSON_TYPE ? 0 : weightIn(accept, stored));
  if (asPair === 0 && asBytes === 0) return null;
  return asPair >= asBytes ? "json" : "raw";
}

/** How much an Accept wants a media type. RFC 9110 §12.5.1. */
function weightIn(accept: string | null, type: string): number {
  if (accept === null) return 1;
  const ranges = accept.split(",").map((range) => {
    const [named = "", ...parameters] = range.split(";").map((part) => part.trim());
    return {
      named: named.toLowerCase(),
      weight: Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1),
    };
  });
  const half = `${type.split("/")[0]}/*`;
  const range = [type, half, "*/*"]
    .map((each) => ranges.find(({ named }) => named === each))
    .find((each) => each !== undefined);
  return range?.weight ?? 0;
}

function expectBytes(ask: Ask, entry: Entry, common: readonly Check[]): Expectation {
  const length = entry.value.bytes.length;
  const type = field("content-type", entry.value.type);
  const range = ask.method === "GET" && entry.isSpelt ? rangeOf(fieldOf(ask, "range"), length) : null;
  const fields = [...common, type, field("accept-ranges", "bytes")];
  if (range === null || !allowsRange(ask, entry)) {
    const lengthIs = entry.isSpelt ? [field("content-length", String(length))] : [];
    return expecting(200, ...fields, field("content-range", null), ...lengthIs, valueBytes(entry));
  }
  if (range === "outside") {
    const { status, checks } = refusing(416, "range-not-satisfiable", { size: number(length) });
    return expecting(status, ...checks, field("content-range", `bytes */${length}`));
  }
  const { from, to } = range;
  const part = entry.value.bytes.slice(from, to + 1);
  const contentRange = field("content-range", `bytes ${from}-${to}/${length}`);
  return expecting(206, ...fields, contentRange, field("content-length", String(part.length)), bytes(part));
}

/** RFC 9110 §14.1.2. Null for a field that is to be ignored. */
function rangeOf(
  text: string | null,
  length: number,
): { readonly from: number; readonly to: number } | "outside" | null {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(text ?? "") ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    const count = Math.min(Number(last), length);
    return count === 0 ? "outside" : { from: length - count, to: length - 1 };
  }
  if (last !== "" && Number(last) < Number(first)) return null;
  return Number(first) >= length
    ? "outside"
    : { from: Number(first), to: Math.min(last === "" ? length : Number(last), length - 1) };
}
