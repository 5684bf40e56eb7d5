// Reads while others write, deletes of sets and replays among them: what was read before and still stands by the marks of the
// writer is what the database shows in the same instant. Two reads of the database stand around each, and it counts where they agree, as the writer's
// thread may commit meanwhile. The order of threads is not drawn, so a seed reruns the requests, not the course.
import { expect, test } from "bun:test";
import { makeBatch } from "../../src/core/batch.ts";
import type { Entry } from "../../src/core/entry.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import { isAlive, NEVER, toEpochMs } from "../../src/core/expiry.ts";
import type { Key } from "../../src/core/key.ts";
import { openSqliteStore, type SqliteStore } from "../../src/engines/sqlite/store.ts";
import type { Stamp } from "../../src/store/write-marks.ts";
import { add, append, check, ENDED, endsIn, keyOf, keySet, put, remove, touch } from "../support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { sqliteOptions } from "../support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

/** One for each rarity. */
const SEEDS = 3;
const WRITERS = 6;
const STEPS = 150;
const PATIENCE_MS = 60_000;
const NAMES = ["a", "a/1", "a/2", "b", "b/1", "c", "d", "e", "f", "g", "h", "i"];
const ATTEMPTS = 5;
const RARITIES = [1, 20, 200];
const SIZES = [0, 10, 1000, 3000, 20_000];

for (const seed of seedsToTry(1, SEEDS)) {
  test(
    `reads beside writes ${seed} show what stands`,
    async () => {
      await withSeed(seed, (random) =>
        withTemporaryDirectory(async (directory) => {
          const store = await openSqliteStore(sqliteOptions(directory));
          try {
            const reads = new Reads(store);
            // Where little is read, entries are written that have not been read for long, and not again until they stand.
            const rarity = RARITIES[seed % RARITIES.length] ?? 1;
            const writers = Array.from({ length: WRITERS }, () => write(store, random, { reads, rarity }));
            // Each to its end, so that one that fails is heard of, and not those that find the store closed.
            for (const writer of await Promise.allSettled(writers))
              if (writer.status === "rejected") throw writer.reason;
            expect(reads.count).toBeGreaterThan(STEPS);
            expect(reads.remembered).toBeGreaterThan(0);
          } finally {
            await store.close();
          }
        }),
      );
    },
    PATIENCE_MS,
  );
}

interface Reading {
  readonly reads: Reads;
  /** One of so many turns of the event loop has a read. */
  readonly rarity: number;
}

async function write(store: SqliteStore, random: SeededRandom, { reads, rarity }: Reading): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    let isOver = false;
    const over = request(store, random).finally(() => {
      isOver = true;
    });
    // Where it fails while something is read, that is heard of below.
    over.catch(() => {});
    do {
      if (random.oneIn(rarity)) await reads.look(random.pick(NAMES));
      await new Promise(setImmediate);
    } while (!isOver);
    await over;
    for (const name of NAMES) if (random.oneIn(4)) await reads.look(name);
  }
}

/** One write of any kind; those that fail on what they find are answered too. */
async function request(store: SqliteStore, random: SeededRandom): Promise<void> {
  if (random.oneIn(15)) {
    await store.deleteAll(keySet({ prefix: random.pick(["a", "b/", "nothing", ""]) }));
    return;
  }
  const names = new Set(Array.from({ length: random.oneIn(3) ? 3 : 1 }, () => random.pick(NAMES)));
  const mutations = [...names].map((name) => drawMutation(random, name));
  const checked = random.oneIn(4) ? [check(random.pick(NAMES), random.oneIn(2) ? [{ is: "present" }] : [])] : [];
  const id = random.below(20).toString(16).padStart(64, "0");
  const once = random.oneIn(4) ? { id, fingerprint: id, at: toEpochMs(Date.now()) } : null;
  try {
    await store.commit(makeBatch([...mutations, ...checked]), { once, otherwise: [] });
  } catch (error) {
    if (!(error instanceof KeyholdError)) throw error;
  }
}

function drawMutation(random: SeededRandom, name: string) {
  const expiry = random.pick([NEVER, NEVER, endsIn(3), endsIn(3_600_000), ENDED]);
  switch (random.below(7)) {
    case 0:
      return remove(name);
    case 1:
      // To an end that it has not had: what stands twice has stood between, too.
      return touch(name, random.pick([endsIn(3), endsIn(3_600_000), ENDED]));
    case 2:
      return add(name, 1);
    case 3:
      return append(name, "end", "x", { maxBytes: 100_000 });
    default:
      return put(name, "v".repeat(random.pick(SIZES)), { expiry });
  }
}

interface Known {
  readonly entry: Entry | null;
  readonly stamp: Stamp;
}

class Reads {
  readonly #store: SqliteStore;
  readonly #known = new Map<Key, Known>();
  /** The latest revision seen: whatever is written later has a greater one. */
  #latest = 0;
  count = 0;
  /** Reads that were answered by what was known. */
  remembered = 0;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  /** Until nothing has been committed, and nothing has ended, between the two reads of the database around it. */
  async look(name: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (await this.#hasLooked(keyOf(name))) return;
  }

  async #hasLooked(key: Key): Promise<boolean> {
    const latest = this.#latest;
    // Read when they are called, not when they are waited for.
    const reads = [this.#store.getMany([key]), this.#get(key), this.#store.getMany([key])] as const;
    const [[before = null], got, [after = null]] = await Promise.all(reads);
    for (const entry of [before, got, after]) this.#latest = Math.max(this.#latest, entry?.revision ?? 0);
    if (!Bun.deepEquals(stateOf(before), stateOf(after))) return false;
    this.count++;
    // What was written between the two and deleted again is new.
    if (got === null || got.revision <= latest) expect(stateOf(got)).toEqual(stateOf(after));
    return true;
  }

  /** What is known of the key, where that stands and has not ended; else what the store says, which is known then. */
  #get(key: Key): Entry | null {
    const known = this.#known.get(key);
    if (known !== undefined && isLive(known, this.#store)) {
      this.remembered++;
      return known.entry;
    }
    const stamp = this.#store.marks.take(key);
    const entry = this.#store.get(key);
    if (stamp !== null) this.#known.set(key, { entry, stamp });
    return entry;
  }
}

function isLive({ entry, stamp }: Known, store: SqliteStore): boolean {
  return store.marks.stands(stamp) && (entry === null || isAlive(entry.expiresAt, store.now()));
}

function stateOf(entry: Entry | null) {
  if (entry === null) return null;
  return { revision: entry.revision, expiresAt: entry.expiresAt, size: entry.size, length: entry.value.length };
}
