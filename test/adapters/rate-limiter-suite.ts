// The limiter for rate-limiter-flexible, by what that library documents of its store limiters, and the limiter without a library.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import * as library from "rate-limiter-flexible";
import { type FlexibleLimiterOptions, flexibleLimiter, WindowLimiter } from "../../src/adapters/rate-limiter.ts";
import { Keyhold } from "../../src/client/keyhold.ts";
import { findCommand } from "../support/other-program.ts";
import { mustRun } from "../support/run-command.ts";
import { NOWHERE, type Served } from "./served.ts";

const TAKER = join(import.meta.dir, "taker.mjs");
/** How often each of two processes tries, and how often they may succeed together. */
const TRIES = 150;
const ALLOWED = 200;

export function rateLimiterSuite(served: Served): void {
  describe("of rate-limiter-flexible", () => flexibleSuite(served));
  describe("without a library", () => windowSuite(served));

  test("are exact over two processes at once", async () => {
    const environment = { ...process.env, KEYHOLD_URL: served.url() };
    const run = [findCommand(["node"], "Node 20 or later") ?? process.execPath, TAKER, String(TRIES), String(ALLOWED)];
    const outputs = await Promise.all([mustRun(run, { environment }), mustRun(run, { environment })]);
    const taken = outputs.map((output) => JSON.parse(output));
    const sumOf = (kind: string) => taken.reduce((sum, each) => sum + each[kind], 0);
    expect({ flexible: sumOf("flexible"), window: sumOf("window") }).toEqual({ flexible: ALLOWED, window: ALLOWED });
  });
}

function flexibleSuite({ client, url }: Served): void {
  let count = 0;
  const make = (options: Partial<FlexibleLimiterOptions> = {}) =>
    flexibleLimiter(library, {
      client: client(),
      keyPrefix: `flexible-${++count}`,
      points: 2,
      duration: 60,
      ...options,
    });

  test("is one of the library's own", () => {
    expect(make()).toBeInstanceOf(Object.getPrototypeOf(library.RateLimiterRedis));
  });

  test("lets through as many points as there are, and then says until when", async () => {
    const limiter = make();
    expect((await limiter.consume("a")).toJSON()).toMatchObject({
      remainingPoints: 1,
      consumedPoints: 1,
      isFirstInDuration: true,
    });
    expect(await limiter.consume("a")).toMatchObject({ remainingPoints: 0, isFirstInDuration: false });
    const refusal = await refused(limiter.consume("a"));
    expect(refusal).toMatchObject({ remainingPoints: 0, consumedPoints: 3 });
    expect(refusal.msBeforeNext).toBeGreaterThan(55_000);
    expect(refusal.msBeforeNext).toBeLessThanOrEqual(60_000);
    expect(await limiter.consume("another")).toMatchObject({ remainingPoints: 1 });
  });

  test("begins again when the duration is over", async () => {
    const limiter = make({ points: 1 });
    await limiter.consume("a");
    await refused(limiter.consume("a"));
    await endNow(client(), limiter.getKey("a"));
    expect(await limiter.consume("a")).toMatchObject({ consumedPoints: 1, isFirstInDuration: true });
  });

  test("counts for ever where the duration is 0, and for the duration of the call where it names one", async () => {
    const limiter = make({ duration: 0 });
    expect((await limiter.consume("a")).msBeforeNext).toBe(-1);
    expect((await limiter.consume("b", 1, { customDuration: 10 })).msBeforeNext).toBeLessThanOrEqual(10_000);
  });

  test("takes several points, fines and rewards", async () => {
    const limiter = make({ points: 10 });
    expect(await limiter.consume("a", 4)).toMatchObject({ consumedPoints: 4, remainingPoints: 6 });
    expect(await limiter.penalty("a", 3)).toMatchObject({ consumedPoints: 7 });
    expect(await limiter.reward("a", 5)).toMatchObject({ consumedPoints: 2, remainingPoints: 8 });
    expect(await limiter.get("a")).toMatchObject({ consumedPoints: 2, isFirstInDuration: false });
  });

  test("knows nothing of a key that was never counted, or was deleted", async () => {
    const limiter = make();
    expect(await limiter.get("a")).toBeNull();
    expect(await limiter.delete("a")).toBe(false);
    await limiter.consume("a");
    expect(await limiter.delete("a")).toBe(true);
    expect(await limiter.get("a")).toBeNull();
  });

  test("blocks for longer than the duration once too much was taken", async () => {
    const limiter = make({ points: 1, duration: 60, blockDuration: 120 });
    await limiter.consume("a");
    expect((await refused(limiter.consume("a"))).msBeforeNext).toBe(120_000);
    const after = await refused(limiter.consume("a"));
    expect(after.msBeforeNext).toBeGreaterThan(100_000);
  });

  test("blocks and sets by hand, for a time or for good", async () => {
    const limiter = make();
    await limiter.block("a", 30);
    expect((await refused(limiter.consume("a"))).msBeforeNext).toBeGreaterThan(25_000);
    await limiter.block("b", 0);
    expect((await refused(limiter.consume("b"))).msBeforeNext).toBe(-1);
    await limiter.set("c", 1, 30);
    expect(await limiter.get("c")).toMatchObject({ consumedPoints: 1, remainingPoints: 1 });
  });

  test("asks the server no more while a key is blocked in memory", async () => {
    let requests = 0;
    const counting = (target: string, init?: RequestInit) => {
      requests++;
      return fetch(target, init);
    };
    const limiter = make({
      client: new Keyhold(url(), { fetch: counting }),
      inMemoryBlockOnConsumed: 2,
      inMemoryBlockDuration: 60,
    });
    await limiter.consume("a");
    await limiter.consume("a");
    await refused(limiter.consume("a"));
    expect(requests).toBe(3);
    await refused(limiter.consume("a"));
    expect(requests).toBe(3);
  });

  test("goes over to its insurance while the server cannot be reached", async () => {
    const insuranceLimiter = new library.RateLimiterMemory({ points: 1, duration: 60 });
    const limiter = make({ client: new Keyhold(NOWHERE, { retry: false }), insuranceLimiter });
    expect(await limiter.consume("a")).toMatchObject({ consumedPoints: 1 });
    await refused(limiter.consume("a"));
    await limiter.block("b", 60);
    await refused(limiter.consume("b"));
    const uninsured = make({ client: new Keyhold(NOWHERE, { retry: false }) });
    await expect(uninsured.consume("a")).rejects.toMatchObject({ code: "unreachable" });
  });

  test("spreads what is allowed evenly over the duration", async () => {
    const limiter = make({ points: 10, duration: 1, execEvenly: true, execEvenlyMinDelayMs: 1 });
    const begin = performance.now();
    await limiter.consume("a");
    await limiter.consume("a");
    // 1000 ms over 8 points that are left and 2.
    expect(performance.now() - begin).toBeGreaterThan(60);
  });

  test("refuses what is no whole number of points", async () => {
    await expect(make().consume("a", 0.5)).rejects.toThrow("whole numbers");
  });
}

function windowSuite({ client }: Served): void {
  let count = 0;
  const make = (limit: number, windowMs: number) =>
    new WindowLimiter({ client: client(), limit, windowMs, prefix: `window-${++count}/` });

  test("lets through so many in a window, and takes nothing from who is refused", async () => {
    const limiter = make(3, 60_000);
    expect(await limiter.take("a")).toMatchObject({ isAllowed: true, limit: 3, remaining: 2 });
    expect(await limiter.take("a", 3)).toMatchObject({ isAllowed: false, remaining: 2 });
    const { isAllowed, remaining, resetMs } = await limiter.take("a", 2);
    expect({ isAllowed, remaining }).toEqual({ isAllowed: true, remaining: 0 });
    expect(resetMs).toBeGreaterThan(55_000);
    const refusal = await limiter.take("a");
    expect(refusal).toMatchObject({ isAllowed: false, remaining: 0 });
    expect(refusal.resetMs).toBeGreaterThan(55_000);
    expect(refusal.resetMs).toBeLessThanOrEqual(60_000);
    await limiter.reset("a");
    expect(await limiter.take("a")).toMatchObject({ isAllowed: true, remaining: 2 });
  });

  test("refuses at once what is more than there ever is", async () => {
    expect(await make(3, 60_000).take("a", 4)).toEqual({ isAllowed: false, limit: 3, remaining: 3, resetMs: 0 });
  });

  test("begins again when the window is over", async () => {
    const limiter = new WindowLimiter({ client: client(), limit: 1, windowMs: 60_000, prefix: "window-again/" });
    await limiter.take("a");
    expect((await limiter.take("a")).isAllowed).toBe(false);
    await endNow(client(), "window-again/a");
    expect((await limiter.take("a")).isAllowed).toBe(true);
  });
}

/** Why it was refused. */
async function refused(attempt: Promise<library.RateLimiterRes>): Promise<library.RateLimiterRes> {
  const outcome = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(outcome instanceof library.RateLimiterRes)) throw new Error(`It was not refused, but came to ${outcome}`);
  return outcome;
}

/** Has the counter end by its time, sooner than it would, and waits until it has. */
async function endNow(client: Keyhold, key: string): Promise<void> {
  const etag = (await client.head(key))?.etag ?? "";
  await client.expire(key, 1);
  expect(await client.waitFor(key, { etag })).toBeNull();
}
