// Random histories: the same requests to the SQLite engine and to the memory engine, which is its model, must have the
// same answers, listings and change logs, over closing and opening too. A failure prints its seed; SEED=<seed> reruns it.
//
// Two clocks would make them differ, so an expiry here lies either far ahead of both or behind both: what is put with an
// instant in the past is dead at once, and stands until it is swept. The SQLite engine sweeps when it is opened and not
// again within a history; the model is swept then too. Instants differ between the two and are left out of comparisons.
import { expect, test } from "bun:test";
import { type Change, type Mutation, makeBatch, type Once } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { type Entry, type EntryInfo, type Tag, toTag } from "../../src/core/entry.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import { type Expiry, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import type { KeySet } from "../../src/core/range.ts";
import { MemoryStore } from "../../src/engines/memory/store.ts";
import { openSqliteStore } from "../../src/engines/sqlite/store.ts";
import type { CommitResult, Store } from "../../src/store/store.ts";
import { allPages } from "../support/listed-pages.ts";
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
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { sqliteOptions } from "../support/sqlite-harness.ts";
import { requireSoundDatabase } from "../support/sqlite-invariants.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const HISTORIES = 40;
const STEPS = 300;
const INCARNATION = "history1";
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
const KEPT = { idempotencyAgeMs: 3_600_000, idempotencyBytes: 100_000_000, storeBytes: 0 };
const FUTURE_MS = 7_000_000_000_000;

for (const seed of seedsToTry(1, HISTORIES)) {
  test(`history ${seed} is the same on SQLite and in memory`, async () => {
    await withSeed(seed, (random) => withTemporaryDirectory((directory) => runHistory(random, directory)));
  });
}

async function runHistory(random: SeededRandom, directory: string): Promise<void> {
  const model = new MemoryStore({
    now: () => toEpochMs(Date.now()),
    incarnation: INCARNATION,
    historyChanges: 1e6,
    ...KEPT,
  });
  const open = () => openSqliteStore({ ...sqliteOptions(directory), newIncarnation: INCARNATION });
  const history = { random, pastMs: 1_000_000_000_000 };
  let store = await open();
  try {
    for (let step = 0; step < STEPS; step++) {
      if (random.oneIn(60)) {
        await store.close();
        requireSoundDatabase(directory);
        store = await open();
        // A commit that changes nothing is answered after the sweep that opening begins with.
        await Promise.all([store, model].map((each) => each.commit(makeBatch([check("a")]))));
        model.sweep(Number.POSITIVE_INFINITY);
      } else {
        const [request, described] = drawRequest(history, model);
        const [actual, expected] = [await request(store), await request(model)];
        expect({ step, described, answer: actual }).toEqual({ step, described, answer: expected });
      }
      if (step % 10 === 0) expect([step, await wholeOf(store)]).toEqual([step, await wholeOf(model)]);
    }
    expect(await wholeOf(store)).toEqual(await wholeOf(model));
  } finally {
    await store.close();
  }
  requireSoundDatabase(directory);
}

interface History {
  readonly random: SeededRandom;
  /** Past instants are used once each, so that the order of their ends is one. */
  pastMs: number;
}

type Request = (store: Store) => Promise<unknown>;

function drawRequest(history: History, model: MemoryStore): readonly [Request, string] {
  const { random } = history;
  const kind = random.below(20);
  if (kind < 13) {
    const batch = drawBatch(history, model);
    const once = random.oneIn(3) ? drawName(random) : null;
    const otherwise = random.oneIn(3) ? NAMES.map(keyOf) : [];
    const described = JSON.stringify({ batch, once, otherwise: otherwise.length });
    return [(store) => answerOf(() => store.commit(makeBatch(batch), { once, otherwise })), described];
  }
  const set = drawSet(random);
  if (kind === 13) return [(store) => store.deleteAll(set), `delete all of ${JSON.stringify(set)}`];
  if (kind < 16) return [(store) => store.count(set), `count ${JSON.stringify(set)}`];
  if (kind === 16) {
    const keys = NAMES.map(keyOf);
    return [async (store) => (await store.getMany(keys)).map((entry) => entry && comparable(entry)), "get all"];
  }
  const asked = { ...set, after: random.oneIn(2) ? keyOf(random.pick(NAMES)) : null, reverse: random.oneIn(2) };
  const range = { ...asked, limit: random.pick([1, 2, 3, 1000]) };
  const method = random.pick(["list", "scan"] as const);
  return [async (store) => listing(store, method, range), `${method} ${JSON.stringify(range)}`];
}

/** One of a few names, for one of two requests, so that some are asked again and some are another's. */
function drawName(random: SeededRandom): Once {
  const hex = (number: number) => number.toString(16).padStart(64, "0");
  return { id: hex(random.below(30)), fingerprint: hex(random.below(5) === 0 ? 1 : 0), at: toEpochMs(Date.now()) };
}

function drawBatch(history: History, model: MemoryStore): readonly Mutation[] {
  const { random } = history;
  const names = new Set(Array.from({ length: 1 + random.below(random.oneIn(3) ? 6 : 1) }, () => random.pick(NAMES)));
  const writes = [...names].map((name) => drawMutation(history, model, name));
  // A check may also name a key that the batch writes.
  return random.oneIn(5) ? [...writes, check(random.pick(NAMES), drawConditions(history, model))] : writes;
}

function drawMutation(history: History, model: MemoryStore, name: string): Mutation {
  const { random } = history;
  const asked = {
    when: drawConditions(history, model, name),
    want: random.oneIn(4) ? ("before" as const) : ("info" as const),
  };
  const kind = random.below(13);
  if (kind >= 10) return drawEdit(history, name, asked);
  if (kind < 6) {
    const value = new Uint8Array(random.pick([0, 1, 10, 5000])).fill(random.below(256));
    const form = random.pick(["bytes", "text", "json"] as const);
    return put(name, value, { ...asked, form, contentType: `x/${random.below(3)}`, expiry: drawExpiry(history) });
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
function drawConditions({ random }: History, model: MemoryStore, name = random.pick(NAMES)): readonly Condition[] {
  if (!random.oneIn(3)) return [];
  const current = model.get(keyOf(name));
  const tags: readonly Tag[] = [random.oneIn(4) ? toTag(`1.${INCARNATION}`) : (current?.tag ?? toTag("none"))];
  const matching: Condition = current === null ? { is: "absent" } : { is: "at", tags };
  // Whole seconds around the write would differ between the clocks; an instant far off does not.
  const at = toEpochMs(random.pick([0, FUTURE_MS]));
  return random.pick<readonly Condition[]>([
    [matching],
    [matching, { is: "notAt", tags: [toTag("other")] }],
    [{ is: "present" }],
    [{ is: "absent" }],
    [{ is: "notAt", tags }],
    [{ is: "unmodifiedSince", at }],
  ]);
}

function drawSet(random: SeededRandom): KeySet {
  return keySet({
    prefix: random.pick(["", "", "a", "a/", "b", "zz", "b\ud7ff"]),
    start: random.oneIn(4) ? random.pick(NAMES) : null,
    end: random.oneIn(4) ? random.pick(NAMES) : null,
    ...(random.oneIn(3) ? { filter: random.pick(FILTERS) } : {}),
  });
}

async function wholeOf(store: Store): Promise<unknown> {
  const { entries, revision } = store.stats();
  const page = await store.changes(null, 1e6);
  const log = page.changes.map(({ kind, key, revision }: Change) => `${revision} ${kind} ${key}`);
  return { entries, revision, log, cursor: page.cursor, listing: await listing(store, "scan", rangeOf()) };
}

/** All of a listing: where its pages end is each engine's own affair. */
async function listing(store: Store, method: "list" | "scan", range: Parameters<Store["list"]>[0]): Promise<unknown> {
  return (await allPages(store, method, range)).flatMap(({ items }) =>
    items.map(method === "scan" ? comparable : infoOf),
  );
}

/** What a commit answered, or the code and detail of why it was refused. */
async function answerOf(request: () => Promise<CommitResult>): Promise<unknown> {
  try {
    return comparableResult(await request());
  } catch (error) {
    if (error instanceof KeyholdError) return error.message;
    throw error;
  }
}

function comparableResult(result: CommitResult): unknown {
  if (!result.committed) {
    return {
      conflicts: result.conflicts.map(({ index, current }) => ({ index, current: current && infoOf(current) })),
      otherwise: result.otherwise.map((entry) => entry && comparable(entry)),
    };
  }
  const outcomes = result.outcomes.map(({ before, after }) => ({
    before: before && comparable(before),
    after: after && comparable(after),
  }));
  return { revision: result.revision, isReplay: result.isReplay, outcomes };
}

function comparable(entry: EntryInfo | Entry): unknown {
  return { ...infoOf(entry), value: "value" in entry ? Bun.hash(entry.value) : null };
}

/** All but the instants at which it was created and modified. */
function infoOf({ key, size, contentType, form, revision, tag, expiresAt }: EntryInfo) {
  return { key, size, contentType, form, revision, tag, expiresAt };
}
