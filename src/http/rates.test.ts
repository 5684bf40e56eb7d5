// How often and how much a client may ask, by a clock that the test turns.
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { type RateLimits, type RateOptions, Rates } from "./rates.ts";
import { makeSharedRatesMemory, SharedRates } from "./shared-rates.ts";

interface Bounds {
  readonly requests?: number;
  readonly bytes?: number;
}

function makeRates<T extends RateLimits>(bounds: Bounds, make: (options: RateOptions) => T) {
  const clock = { nowMs: 1000 };
  const rates = make({ of: "address", requests: 0, bytes: 0, ...bounds, steadyMs: () => clock.nowMs });
  const admitted = (client: string, tries: number) => {
    let count = 0;
    for (let index = 0; index < tries; index++) {
      try {
        rates.admit(client);
        count++;
      } catch {}
    }
    return count;
  };
  return { rates, clock, admitted };
}

const KINDS: readonly [name: string, make: (options: RateOptions) => RateLimits][] = [
  ["of one thread", (options) => new Rates(options)],
  ["of several threads", (options) => new SharedRates(options, makeSharedRatesMemory())],
];

describe.each(KINDS)("rates %s", (_, make) => {
  test("ten seconds' worth may come at once, then no more than the rate", () => {
    const { clock, admitted } = makeRates({ requests: 5 }, make);
    expect(admitted("a", 100)).toBe(50);
    clock.nowMs += 1000;
    expect(admitted("a", 100)).toBe(5);
    clock.nowMs += 3_600_000;
    expect(admitted("a", 100)).toBe(50);
  });

  test("each client has its own", () => {
    const { admitted } = makeRates({ requests: 1 }, make);
    expect([admitted("a", 20), admitted("b", 20)]).toEqual([10, 10]);
  });

  test("who is refused is told how long to wait, and that is long enough", async () => {
    const { rates, clock, admitted } = makeRates({ requests: 1 }, make);
    admitted("a", 10);
    const refusal = await rejectionOf(() => rates.admit("a"));
    expect(refusal).toMatchObject({ code: "too-many-requests", data: { retry_after: 1 } });
    clock.nowMs += 1000;
    expect(await rejectionOf(() => rates.admit("a"))).toBeNull();
  });

  test("bytes beyond what there was are paid back before the next request", async () => {
    const { rates, clock } = makeRates({ bytes: 100 }, make);
    rates.admit("a");
    rates.charge("a", 1500);
    expect(await rejectionOf(() => rates.admit("a"))).toMatchObject({
      detail:
        "Nothing was done: this address has used up its 100 bytes a second, limit --address-bytes; try again in 6 s",
      data: { retry_after: 6 },
    });
    clock.nowMs += 6000;
    expect(await rejectionOf(() => rates.admit("a"))).toBeNull();
  });
});

test("threads that share a memory use up what a client has together", () => {
  const memory = makeSharedRatesMemory();
  const make = (options: RateOptions) => new SharedRates(options, memory);
  const [one, other] = [makeRates({ requests: 5, bytes: 10 }, make), makeRates({ requests: 5, bytes: 10 }, make)];
  expect([one.admitted("a", 30), other.admitted("a", 30), other.admitted("b", 30)]).toEqual([30, 20, 30]);
  one.rates.charge("c", 100);
  expect([one.admitted("c", 1), other.admitted("c", 1)]).toEqual([0, 0]);
});

test("of a memory that is full those are forgotten who have used least", () => {
  const { rates, admitted } = makeRates(
    { requests: 1 },
    (options) => new SharedRates(options, makeSharedRatesMemory()),
  );
  expect(admitted("spent", 10)).toBe(10);
  for (let index = 0; index < 160_000; index++) rates.admit(`c${index}`);
  expect(admitted("spent", 1)).toBe(0);
});

test("clients are remembered up to a bound, and those are forgotten first that asked last the longest ago", async () => {
  const { rates, admitted } = makeRates({ requests: 1 }, (options) => new Rates(options));
  admitted("spent", 10);
  for (let index = 0; index < 99_999; index++) rates.admit(`c${index}`);
  expect([rates.size, (await rejectionOf(() => rates.admit("spent")))?.code]).toEqual([100_000, "too-many-requests"]);
  for (let index = 0; index < 100_000; index++) rates.admit(`d${index}`);
  expect([rates.size, await rejectionOf(() => rates.admit("spent"))]).toEqual([100_000, null]);
});
