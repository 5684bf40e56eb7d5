// PATCH of one entry: docs/protocol.md §8, read anew. Counters, text, expiries; the JSON patches by json-patches.ts.
import { failed, isMalformed, judge } from "./conditions.ts";
import { type EntryAsk, pairOf, valueBytes } from "./entry-reads.ts";
import { expiryOf, locationOf, prefers, SHORT_VALUE_BYTES_MAX } from "./entry-writes.ts";
import { bytes, type Check, type Expectation, expecting, field, refusing, validators } from "./expectation.ts";
import { type Expiry, endsOf, readExpiry } from "./expiry.ts";
import { mergePatch, patchJson } from "./json-patches.ts";
import { NULL, number, parseTree, printTree, type Tree } from "./json-tree.ts";
import { bytesOf, fieldOf, textOf } from "./messages.ts";
import { oneOf, type Pairs, readPairs, wrongParameter } from "./targets.ts";
import { FORM, JSON_PATCH, JSON_TYPE, jsonOf, MERGE_PATCH, TEXT, type Value } from "./values.ts";
import type { Entry, World } from "./world.ts";

/** What a form asks for. */
export type Edit =
  | {
      readonly kind: "count";
      readonly by: number;
      readonly initial: number;
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: "text"; readonly before: string; readonly after: string }
  | { readonly kind: "touch" };

export interface EditExpiry {
  /** Null where the expiry stays. */
  readonly expiry: Expiry | null;
  /** Of an entry that is created. */
  readonly whenNew: Expiry | null;
}

const FORM_NAMES = [
  "incr",
  "decr",
  "initial",
  "min",
  "max",
  "append",
  "prepend",
  "expire_in",
  "expire_at",
  "persist",
  "expire_new",
];
const WHOLE = /^[+-]?\d+$/;

export function expectPatch(world: World, entryAsk: EntryAsk): Expectation {
  const { ask, query } = entryAsk;
  if (ask.body === null) return refusing(411, "length-required");
  if (isMalformed(ask)) return refusing(400, "invalid-header");
  if (fieldOf(ask, "content-encoding") !== null) return refusing(415, "unsupported-media-type");
  const type = fieldOf(ask, "content-type");
  if (type === FORM) return expectForm(world, entryAsk);
  if (type !== MERGE_PATCH && type !== JSON_PATCH) {
    const { status, checks } = refusing(415, "unsupported-media-type");
    const named: Check = ({ fields }) => (fields.has("accept-patch") ? null : "no Accept-Patch");
    return expecting(status, ...checks, named);
  }
  if (wrongParameter(query, ["expire_in", "expire_at"]) !== null) return refusing(400, "invalid-parameter");
  const expiry = expiryOf(ask, query, entryAsk.span.from);
  if (expiry === "invalid") return refusing(400, "invalid-expiry");
  const patch = parseTree(textOf(ask.body) ?? "");
  if (patch === null) return refusing(400, "invalid-json");
  return expectJsonPatch(world, entryAsk, { patch, isMerge: type === MERGE_PATCH, expiry });
}

/** What the value is after a step; a refusal where it is no integer, or leaves its bounds. */
export function count(entry: Entry | null, edit: Extract<Edit, { kind: "count" }>): Expectation | number {
  const text = entry === null ? String(edit.initial) : entry.value.bytes;
  if (!/^(?:0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(Number(text))) return refusing(409, "not-an-integer");
  const sum = BigInt(text) + BigInt(edit.by);
  if (sum < edit.min || sum > edit.max) {
    const ends: Tree =
      entry?.ends == null
        ? NULL
        : { kind: "hole", judge: (tree) => (tree.kind === "string" ? null : "no instant of its end") };
    const stands = entry === null ? {} : { value: { kind: "plain", text } as const, expires_at: ends };
    return refusing(409, "out-of-range", stands);
  }
  return Number(sum);
}

function expectForm(world: World, entryAsk: EntryAsk): Expectation {
  const { ask, key, query, dialect, span } = entryAsk;
  if (query.length > 0) return refusing(400, "invalid-parameter");
  const form = readPairs(ask.body ?? "");
  const asked = form === null ? null : readForm(form, fieldOf(ask, "ttl"), span.from);
  if (asked === null) return { status: 400, checks: [] };
  const { edit, expiry, whenNew } = asked;
  const standing = world.entries.get(key) ?? null;
  if (standing === null && edit.kind === "touch") return refusing(404, "not-found");
  if (judge(ask, standing, null) === "failed") return failed(standing);
  if (edit.kind === "touch") {
    if (standing !== null) standing.ends = endsOf(expiry, span);
    return expecting(204, ...(standing === null ? [] : [validators(world, standing, dialect)]), bytes(""));
  }
  const value = edit.kind === "count" ? countedValue(standing, edit) : addedText(standing, edit);
  if ("status" in value) return value;
  const limit = dialect === "raw" ? SHORT_VALUE_BYTES_MAX : 2 ** 20;
  if (value.bytes.length > limit) return refusing(413, "value-too-large", { limit: number(limit) });
  const entry = put(world, entryAsk, value, { standing, expiry, whenNew });
  return answerOf(world, entryAsk, entry, { isNew: standing === null, isCounter: edit.kind === "count" });
}

function expectJsonPatch(
  world: World,
  entryAsk: EntryAsk,
  { patch, isMerge, expiry }: { readonly patch: Tree; readonly isMerge: boolean; readonly expiry: Expiry | null },
): Expectation {
  const { ask, key } = entryAsk;
  const standing = world.entries.get(key) ?? null;
  if (standing === null && !isMerge) return refusing(404, "not-found");
  if (judge(ask, standing, null) === "failed") return failed(standing);
  const before = standing === null ? null : jsonOf(standing.value);
  if (standing !== null && before === null) return refusing(409, "not-json");
  const after = isMerge || before === null ? mergePatch(before, patch) : patchJson(before, patch);
  if ("failedAt" in after) return refusing(409, "patch-failed", { operation: number(after.failedAt) });
  const value = { bytes: bytesOf(printTree(after)), type: standing?.value.type ?? JSON_TYPE };
  const entry = put(world, entryAsk, value, { standing, expiry, whenNew: null });
  entry.isSpelt = false;
  return answerOf(world, entryAsk, entry, { isNew: standing === null, isCounter: false });
}

function put(
  world: World,
  { key, span }: EntryAsk,
  value: Value,
  { standing, expiry, whenNew }: EditExpiry & { readonly standing: Entry | null },
): Entry {
  return world.write(key, value, { now: span, ends: endsAfter(standing, { expiry, whenNew }, span) });
}

/** When an entry ends that is edited now. */
export function endsAfter(
  standing: Entry | null,
  { expiry, whenNew }: EditExpiry,
  span: EntryAsk["span"],
): Entry["ends"] {
  if (standing === null) return endsOf(expiry ?? whenNew, span);
  return expiry === null ? standing.ends : endsOf(expiry, span);
}

function answerOf(
  world: World,
  entryAsk: EntryAsk,
  entry: Entry,
  { isNew, isCounter }: { readonly isNew: boolean; readonly isCounter: boolean },
): Expectation {
  const { ask, dialect } = entryAsk;
  const common = [validators(world, entry, dialect), locationOf(entryAsk, isNew)];
  const status = (otherwise: number) => (isNew ? 201 : otherwise);
  if (dialect === "json") {
    if (prefers(ask, "minimal")) return expecting(status(204), ...common, bytes(""));
    return expecting(status(200), ...common, pairOf(entry));
  }
  if (isCounter || prefers(ask, "representation")) {
    return expecting(status(200), ...common, field("content-type", entry.value.type), valueBytes(entry));
  }
  return expecting(status(204), ...common, bytes(""));
}

function countedValue(standing: Entry | null, edit: Extract<Edit, { kind: "count" }>): Value | Expectation {
  const sum = count(standing, edit);
  return typeof sum === "number" ? { bytes: String(sum), type: standing?.value.type ?? JSON_TYPE } : sum;
}

function addedText(standing: Entry | null, { before, after }: Extract<Edit, { kind: "text" }>): Value {
  const type = standing?.value.type ?? TEXT;
  return { bytes: `${bytesOf(before)}${standing?.value.bytes ?? ""}${bytesOf(after)}`, type };
}

/** Null for a form that is none of the three kinds. */
function readForm(form: Pairs, ttl: string | null, nowMs: number): ({ readonly edit: Edit } & EditExpiry) | null {
  if (new Set(form.map(([name]) => name)).size < form.length) return null;
  if (form.some(([name, value]) => !FORM_NAMES.includes(name) || value === "")) return null;
  const get = (name: string) => oneOf(form, name);
  const texts = { expireIn: get("expire_in"), expireAt: get("expire_at"), persist: get("persist"), ttl };
  const expiry = readExpiry(texts, nowMs);
  const whenNew = readExpiry({ expireIn: get("expire_new") }, nowMs);
  if (expiry === "invalid" || whenNew === "invalid" || (expiry !== null && whenNew !== null)) return null;
  const edit = readEdit(form, get);
  return edit === null || (edit.kind === "touch" && expiry === null) ? null : { edit, expiry, whenNew };
}

function readEdit(form: Pairs, get: (name: string) => string | null): Edit | null {
  const [step, ...steps] = form.filter(([name]) => name === "incr" || name === "decr");
  const [addition, ...additions] = form.filter(([name]) => name === "append" || name === "prepend");
  const bounds = ["initial", "min", "max"].map((name) => get(name));
  if (steps.length + additions.length > 0 || (step !== undefined && addition !== undefined)) return null;
  if (step === undefined) {
    if (bounds.some((bound) => bound !== null)) return null;
    if (addition === undefined) return { kind: "touch" };
    const [name, text] = addition;
    return { kind: "text", before: name === "prepend" ? text : "", after: name === "append" ? text : "" };
  }
  const texts = [step[1], ...bounds.map((bound, index) => bound ?? String(DEFAULT_BOUNDS[index]))];
  const [by = 0, initial = 0, min = 0, max = 0] = texts.map(Number);
  if (texts.some((text) => !WHOLE.test(text)) || [by, initial, min, max].some((each) => !Number.isSafeInteger(each))) {
    return null;
  }
  return { kind: "count", by: step[0] === "incr" ? by : -by, initial, min, max };
}

const DEFAULT_BOUNDS = [0, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
