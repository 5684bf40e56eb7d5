// What every driver of unstorage is to do, as unstorage's own driver tests have it, in our own words: those tests are published in
// its repository alone, and in no package.
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createStorage, type Driver, restoreSnapshot, type Storage } from "unstorage";

/** Declares the tests; returns where the storage is found once they run. */
export function unstorageSuite(makeDriver: () => Driver): () => Storage {
  let storage: Storage;
  beforeAll(() => {
    storage = createStorage({ driver: makeDriver() });
  });
  beforeEach(() => storage.clear());
  afterAll(() => storage.dispose());

  test("restores a snapshot", async () => {
    await restoreSnapshot(storage, { restored: "yes" });
    expect(await storage.getItem("restored")).toBe("yes");
  });

  test("has nothing at first", async () => {
    expect([await storage.hasItem("a:b"), await storage.getItem("a:b"), await storage.getKeys()]).toEqual([
      false,
      null,
      [],
    ]);
  });

  test("keeps texts under keys in parts, whatever stands behind a question mark", async () => {
    await storage.setItem("part:a", "text a");
    await storage.setItem("part:b?v=1", "text b");
    expect(await storage.hasItem("part:a")).toBe(true);
    expect([await storage.getItem("part:a"), await storage.getItem("part:b?v=2")]).toEqual(["text a", "text b"]);
  });

  test("lists all keys, and those beneath a base", async () => {
    for (const key of ["x:1", "y:1", "xy:1"]) await storage.setItem(key, "v");
    expect((await storage.getKeys()).toSorted()).toEqual(["x:1", "xy:1", "y:1"]);
    expect(await storage.getKeys("x")).toEqual(["x:1"]);
  });

  test("lists no deeper than is asked", async () => {
    for (const key of ["one", "in:two", "in:in:three"]) await storage.setItem(key, "v");
    const depths = [0, 1, 2].map(async (maxDepth) => (await storage.getKeys(undefined, { maxDepth })).toSorted());
    expect(await Promise.all(depths)).toEqual([["one"], ["in:two", "one"], ["in:in:three", "in:two", "one"]]);
  });

  test("gives objects and simple values back as they were", async () => {
    const values = {
      "o/object.json": { a: [1, { b: null }] },
      "o/true.json": true,
      zero: 0,
      no: false,
      list: [1, "2"],
    };
    for (const [key, value] of Object.entries(values)) await storage.setItem(key, value);
    for (const [key, value] of Object.entries(values)) expect(await storage.getItem(key)).toEqual(value);
  });

  test("keeps what an object says it is as JSON, and no instance that does not", async () => {
    class Speaking {
      toJSON() {
        return { said: "this" };
      }
    }
    class Mute {}
    await storage.setItem("speaking", new Speaking());
    expect(await storage.getItem("speaking")).toEqual({ said: "this" });
    await expect(storage.setItem("mute", new Mute())).rejects.toThrow("Cannot stringify");
  });

  test("keeps null as null", async () => {
    await storage.setItem("null", null);
    await storage.setItem("text", "null");
    expect([await storage.getItem("null"), await storage.getItem("text"), await storage.getItem("none")]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("keeps bytes", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await storage.setItemRaw("raw.bin", bytes);
    const read: unknown = await storage.getItemRaw("raw.bin");
    const found = read instanceof ArrayBuffer ? new Uint8Array(read) : read;
    expect(Buffer.from(found instanceof Uint8Array ? found : [])).toEqual(Buffer.from(bytes));
  });

  test("sets and gets several", async () => {
    await storage.setItems([
      { key: "many:1", value: "one" },
      { key: "many:2", value: "two" },
    ]);
    expect(await storage.getItems(["many:1", { key: "many:2" }, "many:3"])).toEqual([
      { key: "many:1", value: "one" },
      { key: "many:2", value: "two" },
      { key: "many:3", value: null },
    ]);
  });

  test("removes one, and one that there is not", async () => {
    await storage.setItem("gone:a", "v");
    await storage.removeItem("gone:a");
    await storage.removeItem("gone:a");
    expect([await storage.hasItem("gone:a"), await storage.getItem("gone:a")]).toEqual([false, null]);
  });

  test("clears all, and what is beneath a base alone, also where there is nothing", async () => {
    for (const key of ["keep:1", "drop:1", "drop:in:2", "dropped"]) await storage.setItem(key, "v");
    // A storage clears what is mounted beneath a base; its driver, what it keeps beneath.
    await makeDriver().clear?.("drop", {});
    expect((await storage.getKeys()).toSorted()).toEqual(["dropped", "keep:1"]);
    await storage.clear();
    await storage.clear();
    expect(await storage.getKeys()).toEqual([]);
  });

  test("moves items between mounts of the same storage", async () => {
    const outer = createStorage();
    outer.mount("far", makeDriver());
    await outer.setItem("far:a:b", "v");
    expect([await outer.getKeys("far"), await storage.getItem("a:b")]).toEqual([["far:a:b"], "v"]);
    await outer.unmount("far");
  });

  return () => storage;
}
