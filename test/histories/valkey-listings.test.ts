// Listings of a store in partitions against the memory engine: random sets of keys, half of them in one partition by a tag,
// with bounds that are keys or lie between them, in both directions. A failure prints its seed; SEED=<seed> reruns it.
import { afterAll, expect, test } from "bun:test";
import { toEpochMs } from "../../src/core/expiry.ts";
import type { Key } from "../../src/core/key.ts";
import type { Range } from "../../src/core/range.ts";
import { MemoryStore } from "../../src/engines/memory/store.ts";
import type { Store } from "../../src/store/store.ts";
import { allPages } from "../support/listed-pages.ts";
import { ENDED, keyOf, keySet, prepare, put, rangeOf } from "../support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

const HISTORIES = 10;
const LISTINGS = 60;
const MS_MAX = 60_000;
const NEVER_MS = 3_600_000;
const PIECES = ["a", "b", "/", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}", "é"];
const FILTERS = ["*", "$", "a*", "*a", "?b*", "$$", "a$*", "*/*"];

const { node, stop } = await startStandalone();
afterAll(stop);

for (const seed of seedsToTry(1, HISTORIES)) {
  test(
    `listings of history ${seed} are the same on Valkey and in memory`,
    () => withSeed(seed, (random) => runHistory(seed, random)),
    MS_MAX,
  );
}

async function runHistory(seed: number, random: SeededRandom): Promise<void> {
  const at = { topology: "standalone", seeds: [node.address] } as const;
  const partitions = random.pick([1, 2, 7, 64]);
  const store = await openTestStore(at, { prefix: `listings${seed}`, partitions, sweepIntervalMs: NEVER_MS });
  const kept = { idempotencyAgeMs: NEVER_MS, idempotencyBytes: 1e9, storeBytes: 0, historyChanges: 1e6 };
  const model = new MemoryStore({ now: () => toEpochMs(Date.now()), incarnation: "model", ...kept });
  try {
    const names = [...new Set(Array.from({ length: random.pick([0, 3, 50, 900]) }, () => drawName(random)))];
    const puts = names.map((name) => put(name, "", random.oneIn(5) ? { expiry: ENDED } : {}));
    for (const each of [store, model]) if (puts.length > 0) await prepare(each, ...puts);
    for (let listing = 0; listing < LISTINGS; listing++) {
      const range = drawRange(random, names);
      const method = random.pick(["list", "scan"] as const);
      const [listed, wanted] = [await keysOf(store, method, range), await keysOf(model, method, range)];
      expect({ listing, range, listed }).toEqual({ listing, range, listed: wanted });
      expect([listing, await store.count(range)]).toEqual([listing, await model.count(range)]);
    }
    const set = keySet({ prefix: random.pick(["", "a", "{t}"]), ...(random.oneIn(2) && { filter: "*a*" }) });
    expect((await store.deleteAll(set)).deleted).toBe((await model.deleteAll(set)).deleted);
    expect(await keysOf(store, "list", rangeOf())).toEqual(await keysOf(model, "list", rangeOf()));
  } finally {
    await store.close();
  }
}

function drawName(random: SeededRandom): string {
  const tag = random.oneIn(2) ? "{t}" : "";
  return tag + Array.from({ length: 1 + random.below(4) }, () => random.pick(PIECES)).join("");
}

function drawRange(random: SeededRandom, names: readonly string[]): Range {
  const near = () => (random.oneIn(3) || names.length === 0 ? drawName(random) : random.pick(names));
  return rangeOf({
    prefix: random.pick(["", "", "{t}", random.pick(PIECES), near()]),
    start: random.oneIn(3) ? near() : null,
    end: random.oneIn(3) ? near() : null,
    after: random.oneIn(3) ? keyOf(near()) : null,
    reverse: random.oneIn(2),
    limit: random.pick([1, 2, 5, 100, 1000, 10_000]),
    ...(random.oneIn(3) && { filter: random.pick(FILTERS) }),
  });
}

/** Sees too that no page holds more than was asked. */
async function keysOf(store: Store, method: "list" | "scan", range: Range): Promise<readonly Key[]> {
  const pages = await allPages(store, method, range);
  expect(Math.max(...pages.map(({ items }) => items.length))).toBeLessThanOrEqual(range.limit);
  return pages.flatMap(({ items }) => items.map(({ key }) => key));
}
