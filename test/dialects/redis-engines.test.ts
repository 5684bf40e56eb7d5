// /-/redis over every engine: the same answers as over a store in memory; transactions that are atomic though another server of the
// same store writes between; and what partitions cannot hold together.
import { describe, expect, test } from "bun:test";
import { parseKey } from "../../src/core/key.ts";
import type { Store } from "../../src/store/store.ts";
import { makeAppServer } from "../support/http-harness.ts";
import { partitionedHarness } from "../support/partitioned-harness.ts";
import { drawCommand } from "../support/redis-scripts.ts";
import {
  isError,
  keyholdOver,
  makeWallClockStore,
  type RedisSide,
  type Said,
  type Words,
} from "../support/redis-sides.ts";
import { makeSeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { makeSqliteHarness } from "../support/sqlite-harness.ts";
import { type MakeStore, ROOMY } from "../support/store-harness.ts";
import { newPrefix, valkeyHarness } from "../support/valkey-harness.ts";
import { sharedStandalone } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

const ENGINES: readonly (readonly [string, MakeStore])[] = [
  ["SQLite", makeSqliteHarness],
  ["Valkey", valkeyHarness({ topology: "standalone", partitions: 1 })],
];
/** Told in seconds and by clocks that are not read at once. */
const TIMES = /^p?(?:ttl|expiretime)$/i;
const SLACK_MS = 5000;

describe.each(ENGINES)("commands over a store on %s", (_, make) => {
  test.each(seedsToTry(11, 1))("are answered as over one in memory, by seed %d", async (seed) => {
    await withStore(make, (store) =>
      withSeed(seed, async (random) => {
        const sides = [keyholdOver(store), keyholdOver(makeWallClockStore())] as const;
        for (let index = 0; index < 60; index++) {
          const lines = Array.from({ length: 1 + random.below(5) }, () => drawCommand(random));
          const answers = random.oneIn(2) ? await inTransaction(sides, lines) : await oneByOne(sides, lines);
          expect({ lines, said: answers[0] }).toEqual({ lines, said: answers[1] });
        }
      }),
    );
  });

  test("count right, and never shorten what they may only lengthen, while others write", async () => {
    await withStore(make, (store) => expectAtomic([keyholdOver(store), keyholdOver(store)]));
  });
});

test("two servers of one store on Valkey count right, and never shorten what they may only lengthen", async () => {
  const [{ node }, prefix] = [await sharedStandalone(), newPrefix()];
  const at = { topology: "standalone", seeds: [node.address] } as const;
  const open = () => openTestStore(at, { prefix, partitions: 1 });
  const [first, second] = [await open(), await open()];
  await expectAtomic([keyholdOver(first), keyholdOver(second)]);
  await Promise.all([first.close(), second.close()]);
});

describe("commands over a store in partitions", () => {
  test("that write keys of several are refused, and nothing is done", async () => {
    await withStore(partitionedHarness(64), async (store) => {
      const redis = keyholdOver(store);
      const refused = expect.stringMatching(/^!CROSSSLOT /);
      const far = apart(store);
      expect(await redis.one(["MSET", far[0], "1", far[1], "2"])).toEqual(refused);
      expect(await redis.one(["RENAME", far[0], far[1]])).not.toBe("OK");
      expect(
        await redis.transaction([
          ["SET", far[0], "1"],
          ["SET", far[1], "2"],
        ]),
      ).toEqual(refused);
      expect(await redis.one(["EXISTS", ...far])).toBe(0);
      const answer = await makeAppServer(store).http.postJson(
        "/-/redis",
        JSON.stringify(["MSET", far[0], "1", far[1], "2"]),
      );
      expect(answer.status).toBe(400);
    });
  });

  test("are one commit where braces have them lie together", async () => {
    await withStore(partitionedHarness(64), async (store) => {
      const redis = keyholdOver(store);
      expect(await redis.one(["MSET", "{t}a", "1", "{t}b", "2"])).toBe("OK");
      expect(
        await redis.transaction([
          ["INCR", "{t}a"],
          ["RENAME", "{t}b", "{t}c"],
          ["MGET", "{t}a", "{t}b", "{t}c"],
        ]),
      ).toEqual([2, "OK", ["2", null, "2"]]);
    });
  });

  test("read, delete, and run one after the other wherever keys lie", async () => {
    await withStore(partitionedHarness(64), async (store) => {
      const { http } = makeAppServer(store);
      const far = apart(store);
      const pipeline = [
        ["SET", far[0], "1"],
        ["SET", far[1], "2"],
        ["MGET", ...far],
        ["SCAN", "0"],
        ["DEL", ...far],
        ["DBSIZE"],
      ];
      const { text } = await http.postJson("/-/redis/pipeline", JSON.stringify(pipeline));
      expect(JSON.parse(text)).toEqual([
        { result: "OK" },
        { result: "OK" },
        { result: ["1", "2"] },
        { result: ["0", [...far].toSorted()] },
        { result: 2 },
        { result: 0 },
      ]);
    });
  });
});

async function withStore(make: MakeStore, body: (store: Store) => Promise<void>): Promise<void> {
  const { store, close } = await make({ ...ROOMY, upkeep: "on", historyChanges: 10_000 });
  try {
    await body(store);
  } finally {
    await close();
  }
}

/** Sums of two counters that transactions of all sides move between, and an end that each may only put off. */
async function expectAtomic(sides: readonly RedisSide[]): Promise<void> {
  const random = makeSeededRandom(1);
  const ends = Array.from({ length: 60 }, () => 10_000 + random.below(100_000));
  const claims = Array.from({ length: 20 }, (_, index) =>
    (sides[index % sides.length] ?? sides[0])?.one(claimOf(index)),
  );
  const won = (await Promise.all(claims)).filter((said) => said === "OK" || said === 1);
  expect(won.length).toBe(1);
  const [side] = sides;
  if (side === undefined) throw new Error("There is no side");
  await side.transaction([
    ["SET", "from", "1000"],
    ["SET", "to", "0"],
    ["SET", "ends", "v", "EX", "5000"],
  ]);
  const work = ends.flatMap((seconds, index) => {
    const asked = sides[index % sides.length] ?? side;
    return [
      persevere(() =>
        asked.transaction([
          ["DECRBY", "from", "3"],
          ["INCRBY", "to", "3"],
          ["MGET", "from", "to"],
        ]),
      ),
      persevere(() => asked.one(["EXPIRE", "ends", String(seconds), "GT"])),
      persevere(() => asked.one(["INCR", "to"])),
      persevere(() => asked.one(["DECR", "to"])),
    ];
  });
  await Promise.all(work);
  expect(await side.one(["MGET", "from", "to"])).toEqual([String(1000 - ends.length * 3), String(ends.length * 3)]);
  const left = Number(await side.one(["TTL", "ends"]));
  expect(Math.max(...ends) - left).toBeLessThanOrEqual(SLACK_MS / 1000);
}

/** Each way to be the first. */
function claimOf(index: number): Words {
  const ways = [
    ["SET", "claim", "v", "NX"],
    ["SETNX", "claim", "v"],
    ["MSETNX", "claim", "v", `other${index}`, "v"],
  ];
  return ways[index % ways.length] ?? [];
}

/** Who is told that others kept coming between, and that nothing was written, asks again. */
async function persevere(ask: () => Promise<Said>): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const said = await ask();
    if (!isError(said)) return;
    if (!said.startsWith("!TRYAGAIN")) throw new Error(said);
  }
  throw new Error("Others kept coming between");
}

type Sides = readonly [RedisSide, RedisSide];

async function inTransaction(sides: Sides, lines: readonly Words[]): Promise<readonly Said[]> {
  const answers = await Promise.all(sides.map((side) => side.transaction(lines)));
  return answers.map((said) => (Array.isArray(said) ? said.map((item, index) => rounded(lines[index], item)) : said));
}

async function oneByOne(sides: Sides, lines: readonly Words[]): Promise<readonly Said[]> {
  const said: Said[][] = [[], []];
  for (const words of lines) {
    for (const [index, side] of sides.entries()) said[index]?.push(rounded(words, await side.one(words)));
  }
  return said;
}

/** Times as far as the two agree on them. */
function rounded(words: Words | undefined, said: Said): Said {
  if (typeof said !== "number" || said < 0 || !TIMES.test(words?.[0] ?? "")) return said;
  return "a time";
}

/** Two keys that lie in different partitions. */
function apart(store: Store): readonly [string, string] {
  const names = Array.from({ length: 100 }, (_, index) => `k${index}`);
  const first = names[0] ?? "";
  const second = names.find((name) => store.partitionOf(parseKey(name)) !== store.partitionOf(parseKey(first)));
  if (second === undefined) throw new Error("All keys lie together");
  return [first, second];
}
