// POST /-/txn: docs/protocol.md §10, read anew. Requires: operations that are well-formed, or one that plainly is not.
import { hasConditions } from "./collection-writes.ts";
import { count, endsAfter } from "./edits.ts";
import { commitOf, type Expectation, endOf, expecting, json, refusing, wholeEntry } from "./expectation.ts";
import { type Expiry, endsOf, readExpiry } from "./expiry.ts";
import {
  array,
  boolean,
  memberOf,
  NULL,
  number,
  object,
  parseTree,
  printTree,
  string,
  type Tree,
} from "./json-tree.ts";
import { type Answer, type Ask, fieldOf, type Span, textOf } from "./messages.ts";
import { isKey, type Pairs } from "./targets.ts";
import { JSON_TYPE, TEXT, type Value, valueOfView } from "./values.ts";
import type { Entry, World } from "./world.ts";

interface Operation {
  readonly kind: string;
  readonly key: string;
  readonly tree: Tree;
}

const PARTS_MAX = 128;
const WRITES = ["put", "delete", "incr", "touch"];
const KINDS = [...WRITES, "get"];

export function expectTransaction(world: World, ask: Ask, query: Pairs, span: Span): Expectation {
  if (ask.method !== "POST") return refusing(405, "method-not-allowed");
  if (query.length > 0) return refusing(400, "invalid-parameter");
  if (hasConditions(ask) || fieldOf(ask, "ttl") !== null) return refusing(400, "invalid-header");
  if (ask.body === null) return refusing(411, "length-required");
  if (fieldOf(ask, "content-type") !== JSON_TYPE) return refusing(415, "unsupported-media-type");
  const tree = parseTree(textOf(ask.body) ?? "");
  if (tree === null) return refusing(400, "invalid-json");
  const [checks, ops, otherwise] = ["checks", "ops", "else"].map((name) => itemsOf(tree, name));
  if (checks == null || ops == null || otherwise == null) return refusing(400, "invalid-json");
  if (checks.length + ops.length === 0) return refusing(400, "invalid-json");
  if (checks.length + ops.length + otherwise.length > PARTS_MAX) return refusing(413, "body-too-large");
  const operations = ops.map(operationOf);
  const written = operations.filter(({ kind }) => WRITES.includes(kind)).map(({ key }) => key);
  const isUnknown = operations.some(({ kind }) => !KINDS.includes(kind));
  const hasBadKey = [...operations.map(({ key }) => key), ...checks.map(keyOf)].some((key) => !isKey(key));
  if (isUnknown || hasBadKey || new Set(written).size < written.length) return { status: 400, checks: [] };
  const failures = failuresOf(world, checks);
  if (failures.length > 0) {
    const reads = otherwise.map((each) => readOf(world, operationOf(each).key, span));
    const members = { failures: array(failures), else: array(reads) };
    return refusing(409, "check-failed", otherwise.length === 0 ? { failures: members.failures } : members);
  }
  return apply(world, operations, span);
}

function apply(world: World, operations: readonly Operation[], span: Span): Expectation {
  const before = operations.map(({ key }) => world.entries.get(key) ?? null);
  const sums: (number | null)[] = [];
  for (const [index, operation] of operations.entries()) {
    const sum = operation.kind === "incr" ? count(before[index] ?? null, stepOf(operation.tree)) : null;
    if (typeof sum === "object" && sum !== null) {
      const { status, checks } = sum;
      const isNamed = ({ body }: Answer) => {
        const named = memberOf(parseTree(textOf(body) ?? "") ?? NULL, "operation");
        return named?.kind === "plain" && named.text === String(index) ? null : `expected operation ${index}: ${body}`;
      };
      return expecting(status, ...checks, isNamed);
    }
    sums.push(sum);
  }
  const changed: Entry[] = [];
  let isCommit = false;
  for (const [index, operation] of operations.entries()) {
    const standing = before[index] ?? null;
    const entry = change(world, operation, { standing, sum: sums[index] ?? 0, span });
    if (entry !== null) changed.push(entry);
    isCommit ||= entry !== null || (operation.kind === "delete" && standing !== null);
  }
  const results = operations.map((operation, index) =>
    resultOf(world, operation, { before: before[index] ?? null, span }),
  );
  const revision = (answer: Answer) => Number(answer.fields.get("revision"));
  const isTheFields: Tree = { kind: "hole", judge: (tree) => (tree.kind === "plain" ? null : "no number") };
  const commit = isCommit ? [commitOf(world, changed, revision)] : [];
  return expecting(
    200,
    ...commit,
    sameRevision,
    json(
      object([
        ["revision", isTheFields],
        ["results", array(results)],
      ]),
    ),
  );
}

function sameRevision({ body, fields }: Answer): string | null {
  const inBody = memberOf(parseTree(textOf(body) ?? "") ?? NULL, "revision");
  const text = inBody?.kind === "plain" ? inBody.text : null;
  return text === fields.get("revision")
    ? null
    : `revision ${text} in the body, ${fields.get("revision")} in the field`;
}

interface Standing {
  readonly standing: Entry | null;
  readonly sum: number;
  readonly span: Span;
}

/** The entry that has a new revision by it. */
function change(world: World, { kind, key, tree }: Operation, { standing, sum, span }: Standing): Entry | null {
  const expiry = expiryIn(tree, span.from);
  switch (kind) {
    case "put":
      return world.write(key, putValue(tree), { now: span, ends: endsOf(expiry, span) });
    case "incr": {
      const whenNew = expiryIn(tree, span.from, "expire_new");
      const value = { bytes: String(sum), type: standing?.value.type ?? JSON_TYPE };
      return world.write(key, value, { now: span, ends: endsAfter(standing, { expiry, whenNew }, span) });
    }
    case "delete":
      world.entries.delete(key);
      return null;
    case "touch":
      if (standing !== null) standing.ends = endsOf(expiry, span);
      return null;
    default:
      return null;
  }
}

function resultOf(
  world: World,
  { kind, key }: Operation,
  { before, span }: { readonly before: Entry | null; readonly span: Span },
): Tree {
  const after = world.entries.get(key) ?? null;
  const named = (members: readonly (readonly [string, Tree])[]) =>
    object([[kind, object([["key", string(key)], ...members])]]);
  if (kind === "get") return readOf(world, key, span);
  if (kind === "delete") return named([["deleted", number(before === null ? 0 : 1)]]);
  if (after === null) return object([[kind, NULL]]);
  const created = ["created", boolean(before === null)] as const;
  if (kind === "put") return named([created, ...endOf(after, span)]);
  if (kind === "touch") return named(endOf(after, span));
  return named([["value", { kind: "plain", text: after.value.bytes }], created, ...endOf(after, span)]);
}

function readOf(world: World, key: string, span: Span): Tree {
  const entry = world.entries.get(key);
  return object([["get", entry === undefined ? NULL : wholeEntry(world, entry, span)]]);
}

function failuresOf(world: World, checks: readonly Tree[]): readonly Tree[] {
  return checks.flatMap((check, index) => {
    const key = keyOf(check);
    const entry = world.entries.get(key) ?? null;
    const revision = memberOf(check, "revision");
    const holds =
      revision?.kind === "plain"
        ? entry !== null && String(entry.revision) === revision.text
        : (memberOf(check, "absent") !== null) === (entry === null);
    if (holds) return [];
    const stands = entry?.revision == null ? NULL : number(entry.revision);
    return [
      object([
        ["check", number(index)],
        ["key", string(key)],
        ["revision", stands],
      ]),
    ];
  });
}

function putValue(tree: Tree): Value {
  const view = memberOf(tree, "value") ?? NULL;
  const value = valueOfView(view) ?? { bytes: "", type: TEXT };
  const type = memberOf(tree, "content_type");
  return type?.kind === "string" ? { ...value, type: type.value } : value;
}

function stepOf(tree: Tree) {
  const whole = (name: string, otherwise: number) => Number(textIn(tree, name) ?? otherwise);
  const [min, max] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  return {
    kind: "count",
    by: whole("by", 1),
    initial: whole("initial", 0),
    min: whole("min", min),
    max: whole("max", max),
  } as const;
}

/** Requires: one that is valid. */
function expiryIn(tree: Tree, nowMs: number, name = "expire_in"): Expiry | null {
  const persist = textIn(tree, "persist") === "true" ? "1" : null;
  const expireAt = name === "expire_in" ? textIn(tree, "expire_at") : null;
  const texts = { expireIn: textIn(tree, name), expireAt, persist: name === "expire_in" ? persist : null };
  const expiry = readExpiry(texts, nowMs);
  return expiry === "invalid" ? null : expiry;
}

function textIn(tree: Tree, name: string): string | null {
  const member = memberOf(tree, name);
  if (member === null) return null;
  return member.kind === "string" ? member.value : printTree(member);
}

function operationOf(tree: Tree): Operation {
  const only = tree.kind === "object" ? tree.members[0] : undefined;
  return { kind: only?.[0] ?? "", key: only === undefined ? "" : keyOf(only[1]), tree: only?.[1] ?? NULL };
}

function keyOf(tree: Tree): string {
  const key = memberOf(tree, "key");
  return key?.kind === "string" ? key.value : "";
}

/** Null where the member is no array. */
function itemsOf(tree: Tree, name: string): readonly Tree[] | null {
  const member = memberOf(tree, name);
  if (member === null) return [];
  return member.kind === "array" ? member.items : null;
}
