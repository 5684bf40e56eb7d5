// What the ring of answers finds: what was put under exactly that name, whole, or nothing; never more than its limit.
import { describe, expect, test } from "bun:test";
import { seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import { AnswerRing, type KeptAnswer } from "./answer-ring.ts";

const KIB = 1024;
const NAMES = 400;
const STEPS = 20_000;

describe("an answer", () => {
  test("is found under its name alone, with all that was kept of it", () => {
    const ring = new AnswerRing(64 * KIB);
    ring.put("/a", { stamp: 2 ** 52 + 1, kind: 3, cuts: [2, 5], parts: [bytes("ab"), bytes("cde"), bytes("")] });
    const found = ring.find("/a");
    if (found === null) throw new Error("It is not found");
    const { bytes: all, from, firstCut, secondCut, to, stamp, kind } = found;
    const texts = [all.toString("latin1", from, firstCut), all.toString("latin1", firstCut, secondCut)];
    expect([...texts, to - secondCut, stamp, kind]).toEqual(["ab", "cde", 0, 2 ** 52 + 1, 3]);
    expect(["/", "/b", "/A", "/aa", ""].map((name) => ring.find(name))).toEqual([null, null, null, null, null]);
  });

  test("takes the place of the one before it", () => {
    const ring = new AnswerRing(64 * KIB);
    for (const text of ["first", "second"]) ring.put("/a", answerOf(text));
    expect(textOf(ring, "/a")).toBe("second");
  });

  test("that is longer than the ring can hold in a row is not kept", () => {
    const ring = new AnswerRing(16 * KIB);
    ring.put("/a", answerOf("x".repeat(16 * KIB)));
    expect(ring.find("/a")).toBeNull();
  });

  test("is forgotten when the ring has gone round, but not while it is asked for", () => {
    const ring = new AnswerRing(64 * KIB);
    for (const name of ["/asked", "/left"]) ring.put(name, answerOf(name));
    for (let index = 0; index < 1000; index++) {
      ring.put(`/${index}`, answerOf("x".repeat(200)));
      expect(textOf(ring, "/asked")).toBe("/asked");
    }
    expect([ring.find("/left"), ring.find("/0"), textOf(ring, "/999")?.length]).toEqual([null, null, 200]);
  });
});

test("a value that looks like an answer is none, wherever it comes to lie", () => {
  const name = "/victim";
  const before = "x".repeat(960);
  const forged = Buffer.alloc(32);
  for (const [at, number] of [name.length, 0, 0, 0, "evil".length].entries()) forged.writeInt32LE(number, at * 4);
  // From the start of the ring the forged answer lies where the victim's has lain: behind a head, a name and what came before.
  const filler = 8 + Math.ceil((32 + "/f".length + before.length) / 8) * 8 - (32 + "/evil".length);
  const value = `${"x".repeat(filler)}${forged.toString("latin1")}${name}evil${"x".repeat(600)}`;
  for (let count = 0; count < 100; count++) {
    const ring = new AnswerRing(16 * KIB);
    ring.put("/f", answerOf(before));
    ring.put(name, answerOf("true"));
    for (let index = 0; index < count; index++) ring.put(`/${index}`, answerOf("x".repeat(200)));
    ring.put("/evil", answerOf(value));
    expect(["true", null]).toContain(textOf(ring, name));
  }
});

test("the limit is kept, and memory is taken as it is needed", () => {
  const limit = 8 * KIB * KIB;
  const ring = new AnswerRing(limit);
  const before = ring.bytes;
  for (let index = 0; index < 100_000; index++) ring.put(`/${index}`, answerOf("x".repeat(200)));
  expect(before).toBeLessThan(limit / 8);
  expect([ring.bytes <= limit, ring.bytes > limit * 0.8]).toEqual([true, true]);
});

for (const seed of seedsToTry(1, 4)) {
  test(`what is found is what was put last: ${seed}`, async () => {
    await withSeed(seed, async (random) => {
      const ring = new AnswerRing(([16, 64, 1500][seed % 3] ?? 64) * KIB);
      const small = new AnswerRing(32 * KIB);
      const last = new Map<string, string>();
      let found = 0;
      for (let step = 0; step < STEPS; step++) {
        const name = `/${"n".repeat(random.below(9))}${random.below(NAMES)}`;
        if (random.oneIn(2)) {
          const text = `${name}=${step}${"v".repeat(random.below(random.oneIn(20) ? 5000 : 200))}`;
          for (const each of [ring, small]) each.put(name, answerOf(text));
          last.set(name, text);
        } else {
          const texts = [ring, small].map((each) => textOf(each, name));
          for (const text of texts) if (text !== null) expect(text).toBe(last.get(name) ?? "nothing");
          if (texts[1] !== null) found++;
        }
      }
      expect(found).toBeGreaterThan(STEPS / 100);
    });
  });
}

function answerOf(text: string): KeptAnswer {
  return { stamp: 1, kind: 0, cuts: [0, 0], parts: [bytes(text)] };
}

function textOf(ring: AnswerRing, name: string): string | null {
  const found = ring.find(name);
  return found === null ? null : found.bytes.toString("latin1", found.from, found.to);
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
