// How often and how much a client may ask, by a clock that the test turns.
import { expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { Rates } from "./rates.ts";

function makeRates(bounds: { readonly requests?: number; readonly bytes?: number }) {
  const clock = { nowMs: 0 };
  const rates = new Rates({ of: "address", requests: 0, bytes: 0, ...bounds, steadyMs: () => clock.nowMs });
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

test("ten seconds' worth may come at once, then no more than the rate", () => {
  const { clock, admitted } = makeRates({ requests: 5 });
  expect(admitted("a", 100)).toBe(50);
  clock.nowMs += 1000;
  expect(admitted("a", 100)).toBe(5);
  clock.nowMs += 3_600_000;
  expect(admitted("a", 100)).toBe(50);
});

test("each client has its own", () => {
  const { admitted } = makeRates({ requests: 1 });
  expect([admitted("a", 20), admitted("b", 20)]).toEqual([10, 10]);
});

test("who is refused is told how long to wait, and that is long enough", async () => {
  const { rates, clock, admitted } = makeRates({ requests: 1 });
  admitted("a", 10);
  const refusal = await rejectionOf(() => rates.admit("a"));
  expect(refusal).toMatchObject({ code: "too-many-requests", data: { retry_after: 1 } });
  clock.nowMs += 1000;
  expect(await rejectionOf(() => rates.admit("a"))).toBeNull();
});

test("bytes beyond what there was are paid back before the next request", async () => {
  const { rates, clock } = makeRates({ bytes: 100 });
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

test("clients are remembered up to a bound, and those are forgotten first that asked last the longest ago", async () => {
  const { rates, admitted } = makeRates({ requests: 1 });
  admitted("spent", 10);
  for (let index = 0; index < 99_999; index++) rates.admit(`c${index}`);
  expect([rates.size, (await rejectionOf(() => rates.admit("spent")))?.code]).toEqual([100_000, "too-many-requests"]);
  for (let index = 0; index < 100_000; index++) rates.admit(`d${index}`);
  expect([rates.size, await rejectionOf(() => rates.admit("spent"))]).toEqual([100_000, null]);
});
