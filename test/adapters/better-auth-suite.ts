// The secondary storage for better-auth, by that library's contract.
import { expect, test } from "bun:test";
import { secondaryStorage } from "../../src/adapters/better-auth.ts";
import type { Served } from "./served.ts";

export function betterAuthSuite({ client }: Served): void {
  const make = () => secondaryStorage({ client: client() });

  test("keeps a value for its seconds, or for good", async () => {
    const storage = make();
    await storage.set("session", '{"user":"anna"}', 60);
    await storage.set("lasting", "x");
    expect(await storage.get("session")).toBe('{"user":"anna"}');
    expect((await client().head("auth/session"))?.ttlMs).toBeGreaterThan(50_000);
    expect((await client().head("auth/lasting"))?.ttlMs).toBeNull();
    await storage.delete("session");
    await storage.delete("session");
    expect(await storage.get("session")).toBeNull();
  });

  test("gives a value that is taken to one of those who take it", async () => {
    const storage = make();
    await storage.set("code", "4711", 60);
    const taken = await Promise.all(Array.from({ length: 8 }, () => storage.getAndDelete("code")));
    expect(taken.toSorted()).toEqual(["4711", ...Array.from({ length: 7 }, () => null)].toSorted());
    expect(await storage.get("code")).toBeNull();
  });

  test("counts from one, for the time that the first has said", async () => {
    const storage = make();
    const sums = await Promise.all(Array.from({ length: 8 }, () => storage.increment("tries", 60)));
    expect(sums.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await storage.increment("tries", 6_000)).toBe(9);
    expect((await client().head("auth/tries"))?.ttlMs).toBeLessThanOrEqual(60_000);
  });
}
