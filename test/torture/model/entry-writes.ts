// PUT and DELETE of one entry, in both dialects: docs/protocol.md §4 and §5, read anew.
import { failed, isMalformed, judge } from "./conditions.ts";
import { type EntryAsk, pairOf, valueBytes, viewIn } from "./entry-reads.ts";
import {
  bytes,
  type Check,
  type Expectation,
  expecting,
  field,
  json,
  lastModified,
  refusing,
  validators,
} from "./expectation.ts";
import { type Expiry, endsOf, readExpiry } from "./expiry.ts";
import { number, object, parseTree } from "./json-tree.ts";
import { type Ask, fieldOf, textOf } from "./messages.ts";
import { oneOf, type Pairs, wrongParameter } from "./targets.ts";
import { BYTES, essenceOf, FORM, JSON_TYPE, type Value, valueOfView } from "./values.ts";
import type { World } from "./world.ts";

export const SHORT_VALUE_BYTES_MAX = 1024;

export function expectPut(world: World, entryAsk: EntryAsk): Expectation {
  const { ask, key, dialect, query, span } = entryAsk;
  const refusal = wrongWrite(ask, query);
  if (refusal !== null) return refusal;
  const expiry = expiryOf(ask, query, span.from);
  if (expiry === "invalid") return refusing(400, "invalid-expiry");
  const value = dialect === "raw" ? rawValue(ask) : jsonValue(ask, key);
  if ("status" in value) return value;
  const standing = world.entries.get(key) ?? null;
  if (judge(ask, standing, null) === "failed") return failed(standing);
  const entry = world.write(key, value, { now: span, ends: endsOf(expiry, span) });
  const isNew = standing === null;
  const common = [validators(world, entry, dialect), locationOf(entryAsk, isNew)];
  if (dialect === "raw") return expecting(isNew ? 201 : 204, ...common, bytes(""));
  return prefers(ask, "minimal")
    ? expecting(isNew ? 201 : 204, ...common, field("preference-applied", "return=minimal"), bytes(""))
    : expecting(isNew ? 201 : 200, ...common, pairOf(entry));
}

export function expectDelete(world: World, { ask, key, dialect, query }: EntryAsk): Expectation {
  if (wrongParameter(query, []) !== null) return refusing(400, "invalid-parameter");
  if (isMalformed(ask)) return refusing(400, "invalid-header");
  const entry = world.entries.get(key);
  if (entry === undefined) return refusing(404, "not-found");
  const takes = prefers(ask, "representation");
  const view = dialect === "raw" || !takes ? "raw" : (viewIn(entry, fieldOf(ask, "accept")) ?? "json");
  if (judge(ask, entry, null) === "failed") return failed(entry);
  world.entries.delete(key);
  if (!takes) {
    const deleted = json(object([["deleted", number(1)]]));
    return dialect === "raw" ? expecting(204, bytes("")) : expecting(200, deleted);
  }
  const applied = field("preference-applied", "return=representation");
  const body = view === "json" ? [pairOf(entry)] : [field("content-type", entry.value.type), valueBytes(entry)];
  return expecting(200, validators(world, entry, view), lastModified(entry), applied, ...body);
}

/** What every write of one entry with a body may be refused for, before its value is looked at. */
export function wrongWrite(ask: Ask, query: Pairs): Expectation | null {
  if (wrongParameter(query, ["expire_in", "expire_at"]) !== null) return refusing(400, "invalid-parameter");
  if (isMalformed(ask)) return refusing(400, "invalid-header");
  if (ask.body === null) return refusing(411, "length-required");
  if (fieldOf(ask, "content-encoding") !== null) return refusing(415, "unsupported-media-type");
  return null;
}

export function expiryOf(ask: Ask, query: Pairs, nowMs: number): Expiry | "invalid" | null {
  const [expireIn, expireAt] = [oneOf(query, "expire_in"), oneOf(query, "expire_at")];
  return readExpiry({ expireIn, expireAt, ttl: fieldOf(ask, "ttl") }, nowMs);
}

export function prefers(ask: Ask, what: "minimal" | "representation"): boolean {
  return fieldOf(ask, "prefer") === `return=${what}`;
}

/** Location stands where an entry was created. */
export function locationOf({ key, dialect }: EntryAsk, isNew: boolean): Check {
  const expected = isNew ? `${dialect === "raw" ? "/" : "/keys/"}${key}` : null;
  return ({ fields }) => {
    const location = fields.get("location");
    const actual = location === undefined ? null : decodeURIComponent(location);
    return actual === expected ? null : `expected Location ${expected}, got ${actual}`;
  };
}

function rawValue(ask: Ask): Value | Expectation {
  const body = ask.body ?? "";
  if (body.length > SHORT_VALUE_BYTES_MAX) {
    return refusing(413, "value-too-large", { limit: number(SHORT_VALUE_BYTES_MAX) });
  }
  return { bytes: body, type: typeOf(ask) };
}

/** The stored type of a raw body. */
function typeOf(ask: Ask): string {
  const type = fieldOf(ask, "content-type") ?? "";
  return type === "" || type === FORM ? BYTES : type;
}

function jsonValue(ask: Ask, key: string): Value | Expectation {
  const body = ask.body ?? "";
  const essence = essenceOf(fieldOf(ask, "content-type") ?? "");
  if (essence !== JSON_TYPE && essence !== FORM) return { bytes: body, type: typeOf(ask) };
  const tree = parseTree(textOf(body) ?? "");
  if (tree === null) return essence === FORM ? { bytes: body, type: BYTES } : refusing(400, "invalid-json");
  const only = tree.kind === "object" && tree.members.length === 1 ? tree.members[0] : undefined;
  if (only?.[0] !== key) return refusing(400, "key-mismatch");
  return valueOfView(only[1]) ?? refusing(400, "invalid-json");
}
