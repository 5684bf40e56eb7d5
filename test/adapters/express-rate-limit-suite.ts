// The store for express-rate-limit, by that library's contract.
import { expect, test } from "bun:test";
import { KeyholdHitStore } from "../../src/adapters/express-rate-limit.ts";
import type { Served } from "./served.ts";

export function expressRateLimitSuite({ client }: Served): void {
  let count = 0;
  const make = () => {
    const store = new KeyholdHitStore({ client: client(), prefix: `hits-${++count}/` });
    store.init({ windowMs: 30_000 });
    return store;
  };

  test("counts hits in a window that begins with the first", async () => {
    const [store, key] = [make(), "203.0.113.7"];
    expect(store.localKeys).toBe(false);
    expect(await store.get(key)).toBeUndefined();
    const first = await store.increment(key);
    expect(first.totalHits).toBe(1);
    expect(Math.abs((first.resetTime?.getTime() ?? 0) - (Date.now() + 30_000))).toBeLessThan(10_000);
    const second = await store.increment(key);
    expect(second).toEqual({ totalHits: 2, resetTime: first.resetTime });
    expect((await store.get(key))?.totalHits).toBe(2);
  });

  test("counts all hits of several processes", async () => {
    const store = make();
    const another = new KeyholdHitStore({ client: client(), prefix: store.prefix });
    const hits = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? store : another).increment("a")),
    );
    expect(hits.map(({ totalHits }) => totalHits).toSorted((a, b) => a - b)).toEqual(hits.map((_, index) => index + 1));
  });

  test("takes hits back, and none where there is none", async () => {
    const store = make();
    await store.increment("a");
    await store.decrement("a");
    await store.decrement("a");
    expect((await store.get("a"))?.totalHits).toBe(0);
    await store.decrement("never");
    expect(await store.get("never")).toBeUndefined();
    await store.resetKey("a");
    expect(await store.get("a")).toBeUndefined();
  });
}
