// What commit.lua says in Lua of values, counters, ends and names, held to what core says in TypeScript: random batches of
// the values at which the two could part, to a Valkey server and to the memory engine. Instants, revisions and tags are left
// out: the histories compare those. A failure prints its seed; SEED=<seed> reruns it.
import { afterAll, expect, test } from "bun:test";
import { type Mutation, makeBatch, type Once, type Want } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { toRevision, toTag } from "../../src/core/entry.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import { type Expiry, KEEP, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { formOf } from "../../src/core/value-form.ts";
import { MemoryStore } from "../../src/engines/memory/store.ts";
import type { Store } from "../../src/store/store.ts";
import { allPages } from "../support/listed-pages.ts";
import { bytesOf, check, endsAt, keyOf, put, rangeOf, remove, touch } from "../support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

const HISTORIES = 5;
const STEPS = 200;
const MS_MAX = 60_000;
const NEVER_MS = 3_600_000;
const MAX = Number.MAX_SAFE_INTEGER;
const NAMES = ["a", "b", "{t}c", "é\u{1f600}", "d".repeat(LIMITS.keyBytes), "\uffff", "-- $'\"\\%", "{}"];
const TYPES = ["application/json", "A/VND.X+JSON; a=b", "text/plain", "application/x-ndjson", "t".repeat(255)];
const NUMBERS = ["0", "-0", "1", "-1", " 1", "1 ", "01", "+1", "1e3", "1.0", "1\n", "1\0", String(MAX), String(-MAX)];
const BEYOND = ["9007199254740992", "99999999999999999", "999999999999999999"];
const JSON_PARTS = ["[1", '{"$base64"', ':""}', "{}", '"\\ud800"', ""];
/** Around where a value is no longer joined to its head, and where a head and its type end. */
const SIZES = [41, 255, 65_535, 65_536, 65_537, 70_000];

const { node, stop } = await startStandalone();
afterAll(stop);

for (const seed of seedsToTry(1, HISTORIES)) {
  test(
    `values, counters and ends of history ${seed} are the same on Valkey and in memory`,
    () => withSeed(seed, (random) => runHistory(seed, random)),
    MS_MAX,
  );
}

async function runHistory(seed: number, random: SeededRandom): Promise<void> {
  const at = { topology: "standalone", seeds: [node.address] } as const;
  const store = await openTestStore(at, { prefix: `values${seed}`, sweepIntervalMs: NEVER_MS });
  const now = () => toEpochMs(Date.now());
  const kept = { idempotencyAgeMs: NEVER_MS, idempotencyBytes: 1e9, storeBytes: 0, historyChanges: 1e6 };
  const model = new MemoryStore({ now, incarnation: "model", ...kept });
  try {
    for (let step = 0; step < STEPS; step++) {
      const batch = drawBatch(random);
      const otherwise = random.oneIn(3) ? [random.pick(NAMES), random.pick(NAMES)] : [];
      const once = random.oneIn(4) ? drawOnce(random) : null;
      const [answer, wanted] = [await told(store, batch, otherwise, once), await told(model, batch, otherwise, once)];
      const asked = JSON.stringify(batch.map(({ op, key, want }) => [op, key, want]));
      expect({ step, asked, answer }).toEqual({ step, asked, answer: wanted });
      if (step % 10 === 0) expect(await whole(store)).toEqual(await whole(model));
    }
    expect(await whole(store)).toEqual(await whole(model));
  } finally {
    await store.close();
  }
}

function drawBatch(random: SeededRandom): readonly Mutation[] {
  const names = new Set(Array.from({ length: 1 + random.below(5) }, () => random.pick(NAMES)));
  const batch = [...names].map((name) => drawMutation(random, name));
  // Checks may name a key that is written, before or behind the write.
  for (let left = random.below(3); left > 0; left--) {
    const name = random.pick(NAMES);
    batch.splice(random.below(batch.length + 1), 0, check(name, drawConditions(random), drawWant(random)));
  }
  return batch;
}

function drawMutation(random: SeededRandom, name: string): Mutation {
  const asked = { when: drawConditions(random), want: drawWant(random) };
  const expiry = drawExpiry(random);
  const key = keyOf(name);
  switch (random.below(8)) {
    case 0:
      return remove(name, asked);
    case 1:
      return touch(name, expiry, asked);
    case 2:
    case 3: {
      const most = random.pick([0, 5, 100, MAX]);
      const bounds = { min: random.pick([-most, -MAX]), max: random.pick([most, MAX]) };
      const [delta, initial] = [random.pick([1, -1, 0, -0, 7, MAX, -MAX]), random.pick([0, -0, 5, MAX, -MAX])];
      return { ...asked, op: "add", key, delta, initial, ...bounds, expiry };
    }
    case 4:
    case 5: {
      const maxBytes = random.pick([10, 65_540, 200_000, LIMITS.valueCeilingBytes]);
      return {
        ...asked,
        op: "append",
        key,
        side: random.pick(["start", "end"]),
        value: drawValue(random),
        maxBytes,
        expiry,
      };
    }
    default: {
      const [value, contentType] = [drawValue(random), random.pick(TYPES)];
      return put(name, value, { ...asked, contentType, form: formOf(value, contentType), expiry });
    }
  }
}

function drawValue(random: SeededRandom): Uint8Array {
  switch (random.below(7)) {
    case 0:
      return Uint8Array.from({ length: 256 }, (_, byte) => byte);
    case 1:
      return new Uint8Array(random.pick(SIZES)).fill(random.pick([0, 0x31, 0xa9, 0xc3]));
    case 2:
      return bytesOf(random.pick(JSON_PARTS));
    case 3:
      // Either half of an é: text only with the other.
      return Uint8Array.of(random.pick([0xc3, 0xa9]));
    default:
      return bytesOf(random.pick([...NUMBERS, ...BEYOND]));
  }
}

function drawExpiry(random: SeededRandom): Expiry {
  const latest = LIMITS.latestInstantMs;
  const expiry = random.pick([
    NEVER,
    KEEP,
    endsAt(latest - random.below(2)),
    endsAt(1),
    { kind: "in", ms: latest } as const,
  ]);
  return random.oneIn(4) ? { kind: "ifNew", expiry: { kind: "ifNew", expiry } } : expiry;
}

function drawConditions(random: SeededRandom): readonly Condition[] {
  if (!random.oneIn(6)) return [];
  const foreign = ["x", "1.0000000000000000", "zzzzzzzzzzz.0123456789abcdef"].map(toTag);
  return random.pick<readonly Condition[]>([
    [{ is: "absent" }],
    [{ is: "present" }],
    [{ is: "atRevision", revision: toRevision(0) }],
    [{ is: "at", tags: [] }],
    [
      { is: "notAt", tags: [] },
      { is: "notAt", tags: foreign },
    ],
    [{ is: "endsAt", at: null }],
    [{ is: "endsAt", at: toEpochMs(8e12) }],
    [{ is: "unmodifiedSince", at: toEpochMs(8e15) }],
  ]);
}

function drawWant(random: SeededRandom): Want {
  return random.pick<Want>(["info", "before", "after"]);
}

function drawOnce(random: SeededRandom): Omit<Once, "at"> {
  const hex = (number: number) => String(number).padStart(64, "0");
  return { id: hex(random.below(20)), fingerprint: hex(random.oneIn(9) ? 1 : 0) };
}

async function told(
  store: Store,
  batch: readonly Mutation[],
  otherwise: readonly string[],
  once: Omit<Once, "at"> | null,
): Promise<unknown> {
  try {
    const named = once && { ...once, at: store.now() };
    const result = await store.commit(makeBatch(batch), { once: named, otherwise: otherwise.map(keyOf) });
    if (result.committed) return comparable(result);
    // A conflict may carry a value, and need not.
    const conflicts = result.conflicts.map(({ index, current }) => ({
      index,
      size: current?.size,
      form: current?.form,
    }));
    return comparable({ ...result, conflicts });
  } catch (error) {
    if (error instanceof KeyholdError) return comparable({ code: error.code, data: error.data });
    throw error;
  }
}

/** All that a store holds, and what has befallen it. */
async function whole(store: Store): Promise<unknown> {
  const [scanned, listed] = [await allPages(store, "scan", rangeOf()), await allPages(store, "list", rangeOf())];
  const forms = listed.flatMap(({ items }) => items.map(({ key, form, size }) => ({ key, form, size })));
  const { changes } = await store.changes(null, 100_000);
  return comparable({
    entries: scanned.flatMap(({ items }) => items),
    forms,
    changes: changes.map(({ kind, key }) => ({ kind, key })),
    count: store.stats().entries,
  });
}

/** Without what each store has of its own; values by their digests. */
function comparable(told: unknown): unknown {
  const text = JSON.stringify(told, (name, value: unknown) => {
    if (["revision", "tag", "createdAt", "modifiedAt", "at"].includes(name)) return undefined;
    if (value instanceof Uint8Array) return String(Bun.hash(value));
    return isBufferJson(value) ? String(Bun.hash(Uint8Array.from(value.data))) : value;
  });
  return JSON.parse(text);
}

/** What a Buffer has become before a replacer sees it. */
function isBufferJson(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
}
