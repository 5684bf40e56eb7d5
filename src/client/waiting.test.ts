// How long a wait takes where nobody answers. The server is played, and so is the clock.
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { Keyhold } from "./keyhold.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Lets promises that are settled be heard of. */
async function turn(): Promise<void> {
  for (let times = 0; times < 50; times++) await Promise.resolve();
}

test("a server that takes requests and answers none is waited for ten seconds beyond the time, and no longer", async () => {
  let asked = 0;
  const never = (_: string, init?: RequestInit): Promise<Response> => {
    asked++;
    return new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });
  };
  const outcome: unknown[] = [];
  const waiting = new Keyhold("http://keyhold.test", { fetch: never })
    .waitFor("a", { timeoutMs: 1000 })
    .catch((error: unknown) => outcome.push(error));
  await turn();
  jest.advanceTimersByTime(10_999);
  await turn();
  expect([asked, outcome.length]).toEqual([1, 0]);
  jest.advanceTimersByTime(1);
  await waiting;
  expect(outcome).toEqual([expect.objectContaining({ code: "timeout" })]);
  expect(asked).toBe(1);
});
