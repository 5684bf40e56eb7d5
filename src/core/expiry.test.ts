// Instants, how long entries live, and the clock.
import { describe, expect, test } from "bun:test";
import {
  type Ending,
  type Expiry,
  isAlive,
  KEEP,
  makeClock,
  makeHighestInstant,
  NEVER,
  resolveExpiry,
  secondsLeft,
  toEpochMs,
} from "./expiry.ts";
import { LIMITS } from "./limits.ts";

const NOW = toEpochMs(1_800_000_000_000);
const LATEST = toEpochMs(LIMITS.latestInstantMs);

test("an entry is alive until the millisecond before its instant", () => {
  expect(isAlive(null, NOW)).toBe(true);
  expect(isAlive(toEpochMs(NOW + 1), NOW)).toBe(true);
  expect(isAlive(NOW, NOW)).toBe(false);
  expect(isAlive(toEpochMs(NOW - 1), NOW)).toBe(false);
});

describe("an expiry means", () => {
  const before = { expiresAt: toEpochMs(NOW + 5) };
  const endless = { expiresAt: null };
  const rows: readonly [string, Expiry, Ending | null, number | null][] = [
    ["no end", NEVER, before, null],
    ["the end that is", KEEP, before, NOW + 5],
    ["no end where there was none to keep", KEEP, endless, null],
    ["no end where there was nothing to keep", KEEP, null, null],
    ["its own for what is new", { kind: "ifNew", expiry: { kind: "in", ms: 7 } }, null, NOW + 7],
    ["the end that is for what is not", { kind: "ifNew", expiry: { kind: "in", ms: 7 } }, before, NOW + 5],
    ["no end for what is not new and has none", { kind: "ifNew", expiry: { kind: "in", ms: 7 } }, endless, null],
    ["its instant, though past", { kind: "at", at: toEpochMs(1) }, before, 1],
    ["its time from now", { kind: "in", ms: 1500 }, before, NOW + 1500],
    ["its time, rounded up", { kind: "in", ms: 0.25 }, null, NOW + 1],
    ["its time, rounded up, beyond the first", { kind: "in", ms: 1.25 }, null, NOW + 2],
    ["at least a millisecond", { kind: "in", ms: 0 }, null, NOW + 1],
    ["at most the latest instant", { kind: "in", ms: Number.MAX_SAFE_INTEGER }, null, LATEST],
    ["at most the latest instant, exactly", { kind: "in", ms: LATEST - NOW }, null, LATEST],
    ["a millisecond less than that", { kind: "in", ms: LATEST - NOW - 1 }, null, LATEST - 1],
  ];
  for (const [what, expiry, end, expected] of rows) {
    test(what, () => expect<number | null>(resolveExpiry(expiry, NOW, end)).toBe(expected));
  }
});

test("seconds left are rounded up, and at least 1", () => {
  const left = [1, 999, 1000, 1001, 60_000].map((ms) => secondsLeft(toEpochMs(NOW + ms), NOW));
  expect(left).toEqual([1, 1, 1, 2, 60]);
});

describe("a clock", () => {
  function makeTwoHands(notBefore = 0, highest = makeHighestInstant()) {
    const hands = { wall: 1_000_000, steady: 50 };
    highest.raise(notBefore);
    const clock = makeClock({ wallMs: () => hands.wall, steadyMs: () => hands.steady, highest });
    return { hands, now: (): number => clock() };
  }

  test("tells nothing before what another clock of the same store has told", () => {
    const highest = makeHighestInstant();
    const [one, other] = [makeTwoHands(0, highest), makeTwoHands(0, highest)];
    one.hands.wall += 3_600_000;
    expect(one.now()).toBe(4_600_000);
    one.hands.wall -= 3_600_000;
    expect(other.now()).toBe(4_600_000);
    other.hands.steady += 9;
    expect(other.now()).toBe(4_600_009);
    expect(one.now()).toBe(4_600_009);
  });

  test("follows the wall forward, however far", () => {
    const { hands, now } = makeTwoHands();
    expect(now()).toBe(1_000_000);
    hands.wall += 10;
    expect(now()).toBe(1_000_010);
    hands.wall += 86_400_000;
    expect(now()).toBe(87_400_010);
  });

  test("goes on by the steady hand where the wall is set back", () => {
    const { hands, now } = makeTwoHands();
    hands.wall -= 3_600_000;
    expect(now()).toBe(1_000_000);
    hands.steady += 10;
    expect(now()).toBe(1_000_010);
    hands.wall += 5;
    hands.steady += 5;
    expect(now()).toBe(1_000_015);
  });

  test("follows the wall again once that has caught up", () => {
    const { hands, now } = makeTwoHands();
    hands.wall -= 100;
    hands.steady += 40;
    expect(now()).toBe(1_000_040);
    hands.wall = 1_000_500;
    hands.steady += 460;
    expect(now()).toBe(1_000_500);
    hands.wall = 1_000_600;
    expect(now()).toBe(1_000_600);
  });

  test("goes on where the wall stands still, however often it is asked", () => {
    const { hands, now } = makeTwoHands();
    for (let step = 0; step < 400; step++) {
      hands.steady += 0.25;
      now();
    }
    expect(now()).toBe(1_000_100);
  });

  test("starts no earlier than it is told", () => {
    const { hands, now } = makeTwoHands(2_000_000);
    expect(now()).toBe(2_000_000);
    hands.steady += 7;
    hands.wall += 7;
    expect(now()).toBe(2_000_007);
  });

  test("tells whole milliseconds, and never less than before, whatever its hands do", () => {
    const { hands, now } = makeTwoHands();
    let last = now();
    for (let step = 0; step < 1000; step++) {
      hands.steady += (step * 7) % 13 === 0 ? 0.3 : 2.1;
      hands.wall += ((step * 31) % 17) - 8;
      const next = now();
      expect(next).toBeGreaterThanOrEqual(last);
      expect(Number.isInteger(next)).toBe(true);
      last = next;
    }
  });
});

test("a clock whose thread is held up while it reads does not run ahead of the wall clock for good", () => {
  let trueMs = 1_000_000;
  let heldUpMs = 0;
  let aheadMs = 0;
  const now = makeClock({
    wallMs() {
      trueMs += heldUpMs;
      return trueMs + aheadMs;
    },
    steadyMs: () => trueMs,
    highest: makeHighestInstant(),
  });
  heldUpMs = 100;
  expect(now()).toBe(toEpochMs(1_000_100));
  heldUpMs = 0;
  aheadMs = -5000;
  trueMs += 50;
  expect(now()).toBe(toEpochMs(1_000_150));
});
