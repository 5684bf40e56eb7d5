// POST, PUT, PATCH and DELETE of the collection: docs/protocol.md §6, read anew.
import { CONDITION_FIELDS, failed, isMalformed, judge } from "./conditions.ts";
import { expiryOf } from "./entry-writes.ts";
import { commitOf, type Expectation, expecting, field, json, refusing, validators } from "./expectation.ts";
import { type Expiry, endsOf } from "./expiry.ts";
import { mergePatch } from "./json-patches.ts";
import { type Member, NULL, number, object, parseTree, printTree, type Tree } from "./json-tree.ts";
import { selected } from "./listings.ts";
import { type Ask, bytesOf, fieldOf, type Span, textOf } from "./messages.ts";
import { isKey, type Pairs, wrongParameter } from "./targets.ts";
import { FORM, JSON_TYPE, jsonOf, MERGE_PATCH, TEXT, type Value, valueOfView, viewOf } from "./values.ts";
import type { Entry, World } from "./world.ts";

const BATCH_MAX = 1000;

export interface CollectionAsk {
  readonly ask: Ask;
  readonly query: Pairs;
  readonly span: Span;
}

export function expectCreation(world: World, { ask, query, span }: CollectionAsk): Expectation {
  const asked = readWrite(ask, query, span.from, [JSON_TYPE, FORM, null]);
  if ("status" in asked) return asked;
  if (asked.members.length === 0 || asked.members.some(hasHalfPair)) return refusing(400, "invalid-json");
  const values = asked.members.map(([key, view]) => [key, valueOfView(view)] as const);
  const standing = asked.members.map(([key]) => key).filter((key) => world.entries.has(key));
  if (standing.length > 0) {
    const isOne = (tree: Tree) => (tree.kind === "string" && standing.includes(tree.value) ? null : "another key");
    return refusing(409, "already-exists", { key: { kind: "hole", judge: isOne } });
  }
  const ends = endsOf(asked.expiry, span);
  const entries = values.flatMap(([key, value]) =>
    value === null ? [] : [world.write(key, value, { now: span, ends })],
  );
  const [only] = entries;
  const isOne = entries.length === 1 && only !== undefined;
  const created = isOne
    ? [validators(world, only, "json"), located(only)]
    : [commitOf(world, entries), field("etag", null)];
  return expecting(201, ...created, json(pairsOf(entries)));
}

export function expectPairs(world: World, { ask, query, span }: CollectionAsk): Expectation {
  const options = query.filter(([name]) => name === "expire_in" || name === "expire_at");
  const pairs = query.filter(([name]) => name !== "expire_in" && name !== "expire_at");
  if (pairs.length === 0 || (ask.body ?? "") !== "") return refusing(400, "invalid-parameter|invalid-request");
  if (new Set(query.map(([name]) => name)).size < query.length)
    return refusing(400, "invalid-parameter|invalid-request");
  if (pairs.some(([key]) => !isKey(key))) return refusing(400, "invalid-key");
  if (isMalformed(ask)) return refusing(400, "invalid-header");
  const expiry = expiryOf(ask, options, span.from);
  if (expiry === "invalid") return refusing(400, "invalid-expiry");
  const standing = pairs.map(([key]) => world.entries.get(key) ?? null);
  const unlike = standing.filter((entry) => judge(ask, entry, null) === "failed");
  if (unlike.length > 0) return unlike.length > 1 ? refusing(412, "precondition-failed") : failed(unlike[0] ?? null);
  const ends = endsOf(expiry, span);
  const entries = pairs.map(([key, text]) => {
    return world.write(key, { bytes: bytesOf(text), type: TEXT }, { now: span, ends });
  });
  const status = standing.includes(null) ? 201 : 200;
  return expecting(status, commitOf(world, entries), json(pairsOf(entries)));
}

export function expectMerge(world: World, { ask, query, span }: CollectionAsk): Expectation {
  const asked = readWrite(ask, query, span.from, [MERGE_PATCH]);
  if ("status" in asked) return asked;
  const { members, expiry } = asked;
  if (members.some(hasHalfPair)) return refusing(400, "invalid-json");
  const written: Entry[] = [];
  let isChanged = false;
  for (const [key, patch] of members) {
    const standing = world.entries.get(key) ?? null;
    if (patch.kind === "plain" && patch.text === "null") {
      isChanged = world.entries.delete(key) || isChanged;
      continue;
    }
    const value = merged(standing, patch);
    const ends = expiry === null && standing !== null ? standing.ends : endsOf(expiry, span);
    const entry = world.write(key, value.value, { now: span, ends });
    entry.isSpelt = value.isSpelt;
    written.push(entry);
    isChanged = true;
  }
  const views = members.map(([key]): Member => {
    const entry = world.entries.get(key);
    return [key, entry === undefined ? NULL : viewOf(entry.value)];
  });
  return expecting(200, ...(isChanged ? [commitOf(world, written)] : []), json(object(views)));
}

export function expectSetDeletion(world: World, { ask, query }: CollectionAsk): Expectation {
  if (wrongParameter(query, ["filter", "prefix", "key"]) !== null) return refusing(400, "invalid-parameter");
  if (query.some(([name]) => name === "key") && query.some(([name]) => name !== "key")) {
    return refusing(400, "invalid-parameter");
  }
  if (hasConditions(ask)) return refusing(400, "invalid-header");
  const isNamed = query.some(([name]) => name === "key");
  if (world.deletesInPages && !isNamed && fieldOf(ask, "idempotency-key") !== null) {
    return refusing(422, "cross-partition");
  }
  const set = selected(world, query);
  for (const { key } of set) world.entries.delete(key);
  return expecting(200, json(object([["deleted", number(set.length)]])));
}

export function hasConditions(ask: Ask): boolean {
  return CONDITION_FIELDS.slice(0, 4).some((name) => fieldOf(ask, name) !== null);
}

/** A string that no text can hold. */
function hasHalfPair([, view]: Member): boolean {
  return view.kind === "string" && valueOfView(view) === null;
}

function merged(standing: Entry | null, patch: Tree): { readonly value: Value; readonly isSpelt: boolean } {
  const wrapped = patch.kind === "object" && patch.members.length === 1 ? patch.members[0]?.[0] : null;
  if (patch.kind !== "object" || wrapped === "$base64" || wrapped === "$json") {
    const value = valueOfView(patch);
    if (value !== null) return { value, isSpelt: true };
  }
  const json = standing === null ? null : jsonOf(standing.value);
  const tree = mergePatch(json, patch);
  return {
    value: { bytes: bytesOf(printTree(tree)), type: json === null ? JSON_TYPE : (standing?.value.type ?? JSON_TYPE) },
    isSpelt: false,
  };
}

interface AskedWrite {
  readonly members: readonly Member[];
  readonly expiry: Expiry | null;
}

function readWrite(ask: Ask, query: Pairs, nowMs: number, types: readonly (string | null)[]): AskedWrite | Expectation {
  if (wrongParameter(query, ["expire_in", "expire_at"]) !== null) return refusing(400, "invalid-parameter");
  if (hasConditions(ask)) return refusing(400, "invalid-header");
  if (ask.body === null) return refusing(411, "length-required");
  if (!types.includes(fieldOf(ask, "content-type"))) return refusing(415, "unsupported-media-type");
  const expiry = expiryOf(ask, query, nowMs);
  if (expiry === "invalid") return refusing(400, "invalid-expiry");
  const tree = parseTree(textOf(ask.body) ?? "");
  if (tree?.kind !== "object") return refusing(400, "invalid-json");
  const { members } = tree;
  if (new Set(members.map(([key]) => key)).size < members.length) return refusing(400, "invalid-json|invalid-request");
  if (members.some(([key]) => !isKey(key))) return refusing(400, "invalid-key");
  return members.length > BATCH_MAX ? refusing(413, "body-too-large") : { members, expiry };
}

function pairsOf(entries: readonly Entry[]): Tree {
  return object(entries.map(({ key, value }) => [key, viewOf(value)]));
}

function located({ key }: Entry) {
  return ({ fields }: { readonly fields: ReadonlyMap<string, string> }) => {
    const location = decodeURIComponent(fields.get("location") ?? "none");
    return location === `/keys/${key}` ? null : `expected Location /keys/${key}, got ${location}`;
  };
}
