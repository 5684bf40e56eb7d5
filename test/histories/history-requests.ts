// What a history asks of a store, drawn at random from few names, so that requests meet what earlier ones have left.
//
// The clocks of two stores would make them differ, so an expiry here lies either far ahead of both or behind both: what is
// put with an instant in the past is dead at once, and stands until it is swept.
import type { Mutation, Once } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { type Tag, toTag } from "../../src/core/entry.ts";
import { type Expiry, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import type { Key } from "../../src/core/key.ts";
import type { KeySet, Range } from "../../src/core/range.ts";
import { formOf } from "../../src/core/value-form.ts";
import type { MemoryStore } from "../../src/engines/memory/store.ts";
import {
  type Asked,
  add,
  append,
  check,
  endsAt,
  keyOf,
  keySet,
  put,
  rangeOf,
  remove,
  touch,
} from "../support/requests.ts";
import type { SeededRandom } from "../support/seeded-random.ts";

export const INCARNATION = "history1";
/** Few, so that histories meet their own past; some beyond the BMP, some the prefix of others. */
const NAMES = [
  "a",
  "a/1",
  "a/2",
  "a/\u{1f600}",
  "a/\uffff",
  "b",
  "b1",
  "b\ud7ff",
  "\ue000",
  "\u{10000}",
  "zz",
  "zz-top",
];
const FILTERS = ["*", "a*", "*1", "$", "a/$", "b*", "*zz*", "nothing"];
const FUTURE_MS = 7_000_000_000_000;

export interface History {
  readonly random: SeededRandom;
  /** What stands, for conditions that hold. */
  readonly model: MemoryStore;
  /** Names by what one batch may hold together: all of them, or those with the same tag. */
  readonly groups: readonly (readonly string[])[];
  /** Past instants are used once each, so that the order of their ends is one. */
  pastMs: number;
}

export type HistoryRequest =
  | {
      readonly kind: "commit";
      readonly batch: readonly Mutation[];
      readonly once: Omit<Once, "at"> | null;
      readonly otherwise: readonly Key[];
    }
  | { readonly kind: "deleteAll"; readonly set: KeySet }
  | { readonly kind: "count"; readonly set: KeySet }
  | { readonly kind: "getMany"; readonly keys: readonly Key[] }
  | { readonly kind: "listing"; readonly method: "list" | "scan"; readonly range: Range };

/** The names as one group; or several groups, the names of each with a tag of its own behind them. */
export function nameGroups(count: number): readonly (readonly string[])[] {
  if (count === 1) return [NAMES];
  return Array.from({ length: count }, (_, group) => NAMES.map((name) => `${name}{${group}}`));
}

export function drawRequest(history: History): HistoryRequest {
  const { random, groups } = history;
  const names = groups.flat();
  const kind = random.below(20);
  if (kind < 13) return drawCommit(history);
  const set = drawSet(random, names);
  if (kind === 13) return { kind: "deleteAll", set };
  if (kind < 16) return { kind: "count", set };
  if (kind === 16) return { kind: "getMany", keys: names.map(keyOf) };
  const after = random.oneIn(2) ? keyOf(random.pick(names)) : null;
  const asked = { ...set, after, reverse: random.oneIn(2), limit: random.pick([1, 2, 3, 1000]) };
  return { kind: "listing", method: random.pick(["list", "scan"]), range: { ...rangeOf(), ...asked } };
}

function drawCommit(history: History): HistoryRequest {
  const { random, groups } = history;
  const group = random.below(groups.length);
  const names = groups[group] ?? [];
  const batch = drawBatch(history, names);
  const once = random.oneIn(3) ? drawOnce(random, group) : null;
  return { kind: "commit", batch, once, otherwise: random.oneIn(3) ? names.map(keyOf) : [] };
}

/** One of a few names, for one of two requests, so that some are asked again and some are another's. When is each store's. */
function drawOnce(random: SeededRandom, group: number): Omit<Once, "at"> {
  const hex = (number: number) => number.toString(16).padStart(64, "0");
  const id = hex(group * 100 + random.below(30));
  return { id, fingerprint: hex(random.below(5) === 0 ? 1 : 0) };
}

function drawBatch(history: History, among: readonly string[]): readonly Mutation[] {
  const { random } = history;
  const names = new Set(Array.from({ length: 1 + random.below(random.oneIn(3) ? 6 : 1) }, () => random.pick(among)));
  const writes = [...names].map((name) => drawMutation(history, name));
  if (!random.oneIn(5)) return writes;
  // A check may also name a key that the batch writes.
  const name = random.pick(among);
  return [...writes, check(name, drawConditions(history, name))];
}

function drawMutation(history: History, name: string): Mutation {
  const { random } = history;
  const asked = {
    when: drawConditions(history, name),
    want: random.oneIn(4) ? ("before" as const) : ("info" as const),
  };
  const kind = random.below(13);
  if (kind >= 10) return drawEdit(history, name, asked);
  if (kind < 6) {
    const value = new Uint8Array(random.pick([0, 1, 10, 5000])).fill(random.oneIn(3) ? 0x37 : random.below(256));
    const contentType = random.pick(["x/0", "x/1", "application/json"]);
    // What the bytes are follows from them, as in a request: engines may go on from it when the value is edited.
    const form = formOf(value, contentType);
    return put(name, value, { ...asked, form, contentType, expiry: drawExpiry(history) });
  }
  if (kind < 8) return remove(name, asked);
  return kind === 8 ? touch(name, drawExpiry(history), asked) : check(name, asked.when, asked.want);
}

function drawEdit(history: History, name: string, asked: Asked): Mutation {
  const { random } = history;
  const expiry = random.oneIn(3) ? ({ kind: "ifNew", expiry: drawExpiry(history) } as const) : drawExpiry(history);
  const edited = { ...asked, want: random.pick(["info", "before", "after"] as const), expiry };
  if (random.oneIn(2)) return append(name, random.pick(["start", "end"]), random.pick(["", "1", "{"]), edited);
  return add(name, random.pick([1, -1, 7, Number.MAX_SAFE_INTEGER]), { ...edited, min: -random.below(20) });
}

function drawExpiry(history: History): Expiry {
  const { random } = history;
  const kind = random.below(10);
  if (kind < 4) return NEVER;
  if (kind < 6) return { kind: "keep" };
  return kind < 8 ? endsAt(FUTURE_MS + random.below(1000)) : endsAt(history.pastMs++);
}

/** Mostly none, mostly met: a history in which nothing is committed finds nothing. */
function drawConditions({ random, model }: History, name: string): readonly Condition[] {
  if (!random.oneIn(3)) return [];
  const current = model.get(keyOf(name));
  const tags: readonly Tag[] = [random.oneIn(4) ? toTag(`1.${INCARNATION}`) : (current?.tag ?? toTag("none"))];
  const matching: Condition = current === null ? { is: "absent" } : { is: "at", tags };
  // Whole seconds around the write would differ between the clocks; an instant far off does not.
  const at = toEpochMs(random.pick([0, FUTURE_MS]));
  return random.pick<readonly Condition[]>([
    [matching],
    [matching, { is: "notAt", tags: [toTag("other")] }],
    current === null ? [{ is: "absent" }] : [{ is: "atRevision", revision: current.revision }],
    [{ is: "present" }],
    [{ is: "absent" }],
    [{ is: "endsAt", at: null }],
    [{ is: "notAt", tags }],
    [{ is: "unmodifiedSince", at }],
  ]);
}

function drawSet(random: SeededRandom, names: readonly string[]): KeySet {
  return keySet({
    prefix: random.pick(["", "", "a", "a/", "b", "zz", "b\ud7ff"]),
    start: random.oneIn(4) ? random.pick(names) : null,
    end: random.oneIn(4) ? random.pick(names) : null,
    ...(random.oneIn(3) ? { filter: random.pick(FILTERS) } : {}),
  });
}
