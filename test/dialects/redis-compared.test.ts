// /-/redis beside a real Valkey: the same commands, drawn at random, by themselves and in transactions, are answered the same,
// errors included, and leave the same behind.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { drawCommand } from "../support/redis-scripts.ts";
import {
  keyholdOver,
  makeWallClockStore,
  type RedisSide,
  type Said,
  valkeySide,
  type Words,
} from "../support/redis-sides.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { type Standalone, startStandalone } from "../support/valkey-standalone.ts";
import { ValkeyWire } from "../support/valkey-wire.ts";

/** What answers times by the clock of who is asked: both are asked within this. */
const CLOCK_SLACK_MS = 3000;
const TIMED: Readonly<Record<string, number>> = {
  ttl: CLOCK_SLACK_MS / 1000,
  pttl: CLOCK_SLACK_MS,
  expiretime: CLOCK_SLACK_MS / 1000,
  pexpiretime: CLOCK_SLACK_MS,
};
const SEEDS = Number(process.env["SEEDS"] ?? 3);
const COMMANDS = 2000;
const TRANSACTIONS = 80;
const PATTERNS = 150;

let valkey: Standalone;
let wire: ValkeyWire;

beforeAll(async () => {
  valkey = await startStandalone();
  wire = await ValkeyWire.open(valkey.node.address);
});

afterAll(async () => {
  wire.close();
  await valkey.stop();
});

describe.each(seedsToTry(1, SEEDS))("commands drawn with seed %d", (seed) => {
  test("are answered as Valkey answers them", async () => {
    await withSeed(seed, async (random) => {
      const [mine, theirs] = [keyholdOver(makeWallClockStore()), valkeySide(wire)];
      await theirs.one(["FLUSHALL"]);
      await playCommands(random, mine, theirs, COMMANDS);
      await expectSameEntries(mine, theirs);
    });
  });

  test("are answered so in transactions", async () => {
    await withSeed(seed, async (random) => {
      const [mine, theirs] = [keyholdOver(makeWallClockStore()), valkeySide(wire)];
      await theirs.one(["FLUSHALL"]);
      for (let index = 0; index < TRANSACTIONS; index++) {
        const lines = Array.from({ length: 1 + random.below(8) }, () => drawCommand(random));
        expectSame(lines, await mine.transaction(lines), await theirs.transaction(lines));
      }
      await expectSameEntries(mine, theirs);
    });
  });
});

test.each(seedsToTry(1, SEEDS))("patterns drawn with seed %d match what they match for Valkey", async (seed) => {
  await withSeed(seed, async (random) => {
    const [mine, theirs] = [keyholdOver(makeWallClockStore()), valkeySide(wire)];
    await theirs.one(["FLUSHALL"]);
    const signs = [..."aab-^]*?["];
    const draw = (from: readonly string[], most: number) =>
      Array.from({ length: 1 + random.below(most) }, () => random.pick(from)).join("");
    for (let index = 0; index < 150; index++) {
      const name = draw([...signs, "\\", "c"], 6);
      for (const side of [mine, theirs]) await side.one(["SET", name, ""]);
    }
    for (let index = 0; index < PATTERNS; index++) {
      const pattern = draw([...signs, "\\", "[a-c]", "[^b]", "[", "*", "*"], 6);
      const here = sorted(await mine.one(["KEYS", pattern]));
      const there = sorted(await theirs.one(["KEYS", pattern]));
      const scanned = await mine.one(["SCAN", "0", "MATCH", pattern, "COUNT", "1000"]);
      const page = sorted(Array.isArray(scanned) ? (scanned[1] ?? null) : scanned);
      expect({ pattern, here, page }).toEqual({ pattern, here: [...there], page: [...there] });
    }
  });
});

async function playCommands(random: SeededRandom, mine: RedisSide, theirs: RedisSide, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const words = drawCommand(random);
    expectSame([words], [await mine.one(words)], [await theirs.one(words)]);
  }
}

/** Each answer of the one as that of the other, times about. */
function expectSame(lines: readonly Words[], mine: Said, theirs: Said): void {
  const asked = lines.map((words) => words.join(" "));
  if (!Array.isArray(mine) || !Array.isArray(theirs)) {
    // What is not begun is so for the same reason, which ours names.
    const begin = (said: Said) => String(said).split(" ", 1)[0];
    expect({ asked, said: begin(mine) }).toEqual({ asked, said: begin(theirs) });
    return;
  }
  const level = mine.map((said, index) => {
    const slack = TIMED[lines[index]?.[0]?.toLowerCase() ?? ""] ?? 0;
    const other = theirs[index] ?? null;
    return typeof said === "number" && typeof other === "number" && Math.abs(said - other) <= slack ? other : said;
  });
  expect({ asked, said: level }).toEqual({ asked, said: [...theirs] });
}

async function expectSameEntries(mine: RedisSide, theirs: RedisSide): Promise<void> {
  const [names, others] = [await mine.one(["keys", "*"]), await theirs.one(["keys", "*"])];
  expect(sorted(names)).toEqual(sorted(others));
  for (const name of sorted(others)) {
    const key = Buffer.from(String(name), "latin1").toString();
    for (const words of [
      ["get", key],
      ["ttl", key],
    ])
      expectSame([words], [await mine.one(words)], [await theirs.one(words)]);
  }
}

function sorted(said: Said): readonly Said[] {
  if (!Array.isArray(said)) throw new Error(`Answered ${JSON.stringify(said)}`);
  return [...said].sort();
}
