// Feeds that join while others write, over a store with one order and over one in partitions, under random interleavings:
// each change comes exactly once, in the order of its key; a place that was told is one to resume from; and however fast the
// log grows, every feed comes to its end.
import { describe, expect, test } from "bun:test";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { partitionedHarness } from "../../../test/support/partitioned-harness.ts";
import { endsIn, mustCommit, put, remove, touch } from "../../../test/support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import type { MakeStore } from "../../../test/support/store-harness.ts";
import { EVERYTHING, type Watching, withHub } from "../../../test/support/watch-harness.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Cursor, LoggedChange, Store } from "../../store/store.ts";
import type { FeedPart, Since } from "./feed.ts";

const STORES: Readonly<Record<string, (random: SeededRandom) => MakeStore>> = {
  "one order": () => makeMemoryHarness,
  partitions: (random) => partitionedHarness(1 + random.below(12), random),
};
const NAMES = Array.from({ length: 12 }, (_, index) => `k${index}`);
/** Few fit into one part, so that parts end within pages. */
const LARGE = "v".repeat(LIMITS.watchPartLength / 3);
const TURNS_MAX = 800;
const QUIET_TURNS = 100;
const TTL_MAX_MS = 20;

/** A change, as it is compared. */
interface Told {
  readonly key: Key;
  readonly text: string;
  readonly revision: number;
}

/** What a client knows that reads a feed, and opens it anew where it was told that it is too slow. */
interface Reader {
  readonly told: Told[];
  readonly shown: Map<Key, number>;
  isReady: boolean;
  hasEnded: boolean;
}

describe.each(Object.entries(STORES))("over a store with %s", (_, makeOf) => {
  test("feeds from old places are told each change once, while others write", async () => {
    for (const seed of seedsToTry(1, 60)) {
      await withSeed(seed, (random) =>
        withWriters(makeOf(random), random, async (watching, random) => {
          const places = [await watching.store.latestCursor()];
          for (let round = 0; round < 40; round++) {
            await writeSome(watching.store, random);
            if (random.oneIn(8)) places.push(await watching.store.latestCursor());
          }
          const froms = [random.pick(places), random.pick(places), await watching.store.latestCursor()];
          const readers = froms.map((cursor) => read(watching, { cursor }, random));
          await letPass(watching, random, readers);
          for (const [index, cursor] of froms.entries()) {
            const expected = byKey(await readLog(watching.store, cursor));
            expect(byKey(readers[index]?.told ?? [])).toEqual(expected);
          }
        }),
      );
    }
  });

  test("feeds from a snapshot hide nothing that it has not shown", async () => {
    for (const seed of seedsToTry(1, 60)) {
      await withSeed(seed, (random) =>
        withWriters(makeOf(random), random, async (watching, random) => {
          for (let round = 0; round < 20; round++) await writeSome(watching.store, random);
          const readers = [0, 1].map(() => read(watching, "snapshot", random));
          await letPass(watching, random, readers);
          const log = byKey(await readLog(watching.store, null));
          for (const { told, shown } of readers) {
            const toldByKey = byKey(told);
            for (const [key, all] of Object.entries(log)) requireSuffix(toldByKey[key] ?? [], all, shown, key);
          }
        }),
      );
    }
  });
});

test("a feed over many partitions joins soon, though it and the tail hardly ever stand at the same place", async () => {
  for (const seed of seedsToTry(1, 5)) {
    await withSeed(seed, (random) =>
      withHub(
        async (watching) => {
          const cursor = await watching.store.latestCursor();
          const writing = { goesOn: true };
          const writer = writeOn(watching.store, random, writing);
          const reader = read(watching, { cursor }, random);
          for (let turn = 0; turn < TURNS_MAX && !reader.isReady; turn++) await watching.step();
          writing.goesOn = false;
          await writer;
          expect(reader.isReady).toBe(true);
        },
        { make: partitionedHarness(32, random), backlogChanges: 1000, historyChanges: 100_000 },
      ),
    );
  }
});

/** The hub keeps so little that those who are slow to catch up lose their place in it. */
async function withWriters(
  make: MakeStore,
  random: SeededRandom,
  body: (watching: Watching, random: SeededRandom) => Promise<void>,
): Promise<void> {
  await withHub((watching) => body(watching, random), {
    make,
    backlogChanges: 24 + random.below(32),
    historyChanges: 100_000,
  });
}

/** Writes until all are ready, and a little longer; then lets them come to the end of the log. */
async function letPass(watching: Watching, random: SeededRandom, readers: readonly Reader[]): Promise<void> {
  const { store, hub, step } = watching;
  const writing = { goesOn: true };
  const writer = writeOn(store, random, writing);
  let left = 30;
  try {
    for (let turn = 0; left > 0; turn++) {
      if (turn > TURNS_MAX) throw new Error("Under a stream of writes a feed never comes to its end");
      await step();
      if (readers.every(({ isReady }) => isReady)) left--;
    }
  } finally {
    writing.goesOn = false;
    await writer;
  }
  await untilQuiet(watching, readers);
  hub.stop();
  for (let turn = 0; readers.some(({ hasEnded }) => !hasEnded); turn++) {
    if (turn > TURNS_MAX) throw new Error("A feed does not end");
    await step();
  }
}

/** Until all that ends has been swept, the tail has read it, and nobody has been told anything for a while. */
async function untilQuiet({ step, settle }: Watching, readers: readonly Reader[]): Promise<void> {
  for (let turn = 0; turn < 2 * TTL_MAX_MS; turn++) await step();
  await settle();
  const count = () => readers.reduce((sum, { told }) => sum + told.length, 0);
  for (let before = -1; before !== count(); ) {
    before = count();
    for (let turn = 0; turn < QUIET_TURNS; turn++) await step();
  }
}

/** In every turn of the event loop, so also within each reading of the log. */
async function writeOn(store: Store, random: SeededRandom, writing: { readonly goesOn: boolean }): Promise<void> {
  while (writing.goesOn) {
    await writeSome(store, random);
    await new Promise(setImmediate);
  }
}

async function writeSome(store: Store, random: SeededRandom): Promise<void> {
  for (let count = random.below(3); count > 0; count--) {
    const name = random.pick(NAMES);
    const write = random.below(8);
    if (write === 0) await mustCommit(store, remove(name));
    else if (write === 1) await mustCommit(store, touch(name, endsIn(1 + random.below(TTL_MAX_MS))));
    else if (write === 2) await mustCommit(store, put(name, "", { expiry: endsIn(1 + random.below(TTL_MAX_MS)) }));
    else await mustCommit(store, put(name, random.oneIn(3) ? LARGE : name));
  }
}

function read(watching: Watching, since: Since, random: SeededRandom): Reader {
  const reader: Reader = { told: [], shown: new Map(), isReady: false, hasEnded: false };
  void follow(watching, reader, since, random).finally(() => {
    reader.hasEnded = true;
  });
  return reader;
}

async function follow(watching: Watching, reader: Reader, since: Since, random: SeededRandom): Promise<void> {
  let from: Since = since;
  /** How much had been told where the feed can be resumed. */
  let toldBefore = 0;
  let slowPulls = random.below(8);
  for (let isOver = false; !isOver; ) {
    const feed = await watching.open(from, { interest: { ...EVERYTHING, hasTouches: true } });
    isOver = true;
    for await (const part of feed) {
      for (const { cursor, count } of takePart(reader, part)) {
        from = { cursor };
        toldBefore = count;
      }
      if (part.is === "bye" && part.reason === "too-slow") {
        reader.told.length = toldBefore;
        isOver = false;
      }
      // Slow enough at first, now and then, to lose its place in the tail before it is ready.
      const turns = slowPulls-- > 0 && !reader.isReady ? random.below(64) : 0;
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    }
  }
}

/** Notes what a part tells; the places within it, with how much has been told up to each. */
function takePart(reader: Reader, part: FeedPart): readonly { readonly cursor: Cursor; readonly count: number }[] {
  switch (part.is) {
    case "entries":
      for (const { key, revision } of part.entries) reader.shown.set(key, revision);
      return [];
    case "changes":
      return part.batch.events.flatMap(({ change }) => {
        const count = reader.told.push(toTold(change));
        return change.cursor === null ? [] : [{ cursor: change.cursor, count }];
      });
    case "ready":
      reader.isReady = true;
      return [{ cursor: part.cursor, count: reader.told.length }];
    case "bookmark":
      return [{ cursor: part.cursor, count: reader.told.length }];
    case "reset":
      throw new Error("Nothing was lost");
    default:
      return [];
  }
}

function toTold({ key, kind, revision }: LoggedChange): Told {
  return { key, text: `${kind} ${revision}`, revision };
}

async function readLog(store: Store, after: Cursor | null): Promise<readonly Told[]> {
  const all: Told[] = [];
  for (let cursor = after; ; ) {
    const page = await store.changes(cursor, 1000);
    all.push(...page.changes.map(toTold));
    cursor = page.cursor;
    if (!page.hasMore) return all;
  }
}

function byKey(told: readonly Told[]): Readonly<Record<string, readonly Told[]>> {
  return Object.fromEntries([...Map.groupBy(told, ({ key }) => key)].toSorted());
}

/** What is told of a key are the last of its changes, all behind what was shown of it, and its end where nothing was. */
function requireSuffix(
  told: readonly Told[],
  all: readonly Told[],
  shown: ReadonlyMap<string, number>,
  key: string,
): void {
  const after = shown.get(key) ?? 0;
  const isLater = ({ revision }: Told) => revision > after;
  if (after > 0) {
    expect(told.filter(isLater)).toEqual(all.filter(isLater));
    return;
  }
  expect(told).toEqual(told.length === 0 ? [] : all.slice(-told.length));
  const isGone = /^(?:delete|expire)/.test(all.at(-1)?.text ?? "");
  expect(told.length > 0 || isGone).toBe(true);
}
