// The driver for unstorage: what that library's own tests of drivers ask, which are not published, and what they do not.
import { expect, test } from "bun:test";
import { createStorage, restoreSnapshot, type Storage } from "unstorage";
import keyholdDriver from "../../src/adapters/unstorage.ts";
import { Keyhold } from "../../src/client/keyhold.ts";
import type { Served } from "./served.ts";

/** More than one step holds. */
const MANY = 300;

export function unstorageSuite({ url, client }: Served): void {
  let count = 0;
  /** A storage below a prefix of its own. */
  const make = (options: { readonly ttl?: number } = {}) => {
    count++;
    const prefix = `storage-${count}/`;
    return { prefix, storage: createStorage({ driver: keyholdDriver({ url: url(), prefix, ...options }) }) };
  };

  test("keeps items, and says what there is", async () => {
    const { prefix, storage } = make();
    expect(await storage.getItem("a:b")).toBeNull();
    expect(await storage.hasItem("a:b")).toBe(false);
    await storage.setItem("a:b", "text");
    expect(await storage.getItem("a:b?ignored=1")).toBe("text");
    expect(await storage.hasItem("a:b")).toBe(true);
    expect(await client().getText(`${prefix}a/b`)).toBe("text");
    await storage.removeItem("a:b");
    await storage.removeItem("a:b");
    expect(await storage.getItem("a:b")).toBeNull();
  });

  test.each([
    { name: "an object", value: { a: [1, { b: null }] } },
    { name: "a list", value: [1, "2"] },
    { name: "true", value: true },
    { name: "false", value: false },
    { name: "zero", value: 0 },
    { name: "null", value: null },
    { name: "a text in brackets that is no JSON", value: "[draft] {x" },
    { name: "an empty text", value: "" },
  ])("gives back $name", async ({ value }) => {
    const { storage } = make();
    await storage.setItem("value", value);
    expect(await storage.getItem("value")).toEqual(value);
  });

  test("keeps an object as JSON, which everybody else sees as such", async () => {
    const { prefix, storage } = make();
    await storage.setItem("config", { color: "blue" });
    expect(await client().getJson<unknown>(`${prefix}config`)).toEqual({ color: "blue" });
    expect((await client().head(`${prefix}config`))?.contentType).toBe("application/json");
  });

  test("refuses what has no text, as unstorage does", async () => {
    const { storage } = make();
    await expect(storage.setItem("x", new (class Odd {})())).rejects.toThrow("Cannot stringify value");
  });

  test.each([
    { name: "bytes", value: new Uint8Array([0, 1, 255]) },
    { name: "a part of a buffer", value: new Uint8Array([9, 0, 1, 255, 9]).subarray(1, 4) },
    { name: "an ArrayBuffer", value: new Uint8Array([0, 1, 255]).buffer },
  ])("keeps $name raw", async ({ value }) => {
    const { storage } = make();
    await storage.setItemRaw("raw.bin", value);
    expect(await storage.getItemRaw<unknown>("raw.bin")).toEqual(new Uint8Array([0, 1, 255]));
    expect(await storage.getItemRaw<unknown>("none")).toBeNull();
  });

  test("lists the keys below a base, down to a depth", async () => {
    const { storage } = make();
    await restoreSnapshot(storage, { initial: "works" });
    expect(await storage.getItem("initial")).toBe("works");
    await storage.clear();
    for (const key of ["top", "s1:a", "s1:b:c", "s10:a"]) await storage.setItem(key, "x");
    expect(await storage.getKeys()).toEqual(["s1:a", "s1:b:c", "s10:a", "top"]);
    expect(await storage.getKeys("s1")).toEqual(["s1:a", "s1:b:c"]);
    expect(await storage.getKeys(undefined, { maxDepth: 0 })).toEqual(["top"]);
    expect(await storage.getKeys(undefined, { maxDepth: 1 })).toEqual(["s1:a", "s10:a", "top"]);
    expect(await storage.getKeys(undefined, { maxDepth: 2 })).toEqual(["s1:a", "s1:b:c", "s10:a", "top"]);
  });

  test("lists no entry that it could not read again", async () => {
    const { prefix, storage } = make();
    const keyhold = client();
    for (const key of ["fine", "a:b", "a//b", "/a", "a/", "what?"]) await keyhold.put(prefix + key, "x");
    expect(await storage.getKeys()).toEqual(["fine"]);
  });

  test("clears what is below a base, and never what is not its own", async () => {
    const { storage } = make();
    const { storage: other } = make();
    await other.setItem("stays", "x");
    for (const key of ["s1:a", "s10:a", "top"]) await storage.setItem(key, "x");
    // Asked itself: the library passes on a base to drivers that are mounted below it, and to no other.
    await storage.getMount().driver.clear?.("s1:", {});
    expect(await storage.getKeys()).toEqual(["s10:a", "top"]);
    await storage.clear();
    await storage.clear();
    expect(await storage.getKeys()).toEqual([]);
    expect(await other.getKeys()).toEqual(["stays"]);
  });

  test("reads and writes many at once, in the order asked", async () => {
    const { storage } = make();
    const items = Array.from({ length: MANY }, (_, index) => ({ key: `t:${index}`, value: { index } }));
    await storage.setItems(items);
    const read = await storage.getItems([...items.map(({ key }) => key).toReversed(), "none"]);
    expect(read).toEqual([...items.toReversed(), { key: "none", value: null }]);
  });

  test("keeps items for their seconds: of the call, of the item, of the driver", async () => {
    const { prefix, storage } = make({ ttl: 100 });
    await storage.setItem("own", "x", { ttl: 10 });
    await storage.setItem("driver", "x");
    await storage.setItems(
      [
        { key: "many", value: "x", options: { ttl: 20 } },
        { key: "common", value: "x" },
      ],
      { ttl: 30 },
    );
    const seconds = async (key: string) => Math.round(((await client().head(prefix + key))?.ttlMs ?? 0) / 10_000) * 10;
    expect(await Promise.all(["own", "driver", "many", "common"].map(seconds))).toEqual([10, 100, 20, 30]);
  });

  test("describes an item", async () => {
    const { storage } = make();
    await storage.setItem("item", "hello", { ttl: 60 });
    const { mtime, ttl, size, contentType } = await storage.getMeta("item", { nativeOnly: true });
    expect(Math.abs(Date.now() - (mtime?.getTime() ?? 0))).toBeLessThan(10_000);
    expect(ttl).toBeGreaterThan(50);
    expect({ size, contentType }).toEqual({ size: 5, contentType: "text/plain; charset=utf-8" });
    expect(await storage.getMeta("none", { nativeOnly: true })).toEqual({});
  });

  test("tells those who watch what anybody has changed", async () => {
    const { prefix, storage } = make();
    const keyhold = client();
    const changes = watched(storage);
    await changes.begun;
    await storage.setItem("a:b", "x");
    await keyhold.put(`${prefix}by-another`, "x");
    await keyhold.put("elsewhere", "x");
    await storage.removeItem("a:b");
    expect(await changes.first(3)).toEqual(["update a:b", "update by-another", "remove a:b"]);
    await storage.unwatch();
    await storage.dispose();
  });

  test("says at once that it cannot watch", async () => {
    const problem = {
      code: "forbidden",
      status: 403,
      title: "Not allowed",
      detail: "The token gives no leave to watch",
    };
    const refuse = async () =>
      Response.json(problem, { status: 403, headers: { "Content-Type": "application/problem+json" } });
    const refused = new Keyhold(url(), { fetch: refuse, retry: false });
    const driver = keyholdDriver({ client: refused });
    await expect(Promise.resolve(driver.watch?.(() => {}))).rejects.toMatchObject({ code: "forbidden" });
  });

  test("needs a server", () => {
    expect(() => keyholdDriver({})).toThrow("a client or a url");
  });
}

/** What a storage tells, as lines. */
function watched(storage: Storage): {
  readonly begun: Promise<unknown>;
  first(count: number): Promise<readonly string[]>;
} {
  const lines: string[] = [];
  let wake = Promise.withResolvers<void>();
  const begun = storage.watch((event, key) => {
    lines.push(`${event} ${key}`);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const first = async (count: number) => {
    while (lines.length < count) await wake.promise;
    return lines.slice(0, count);
  };
  return { begun, first };
}
