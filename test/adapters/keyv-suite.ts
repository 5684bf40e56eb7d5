// The stores for Keyv: the published suite on two runtimes, and what it does not ask.
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import Keyv from "keyv";
import { KeyholdKeyv, KeyholdKeyv6 } from "../../src/adapters/keyv.ts";
import { Keyhold } from "../../src/client/keyhold.ts";
import { findCommand } from "../support/other-program.ts";
import { runCommand } from "../support/run-command.ts";
import { NOWHERE, type Served } from "./served.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const VITEST = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/adapters/vitest.config.ts"];
/** How many tests the published suite has. */
const PUBLISHED = 42;
/** More than one step holds. */
const MANY = 300;

export function keyvSuite({ url, client }: Served): void {
  const bun = [process.execPath, "--bun"];
  const node = findCommand(["node"], "Node 20 or later");
  const runtimes = [{ name: "Bun", command: bun }, ...(node === null ? [] : [{ name: "Node", command: [node] }])];
  test.each(runtimes)("pass @keyv/test-suite, unmodified, on $name", async ({ name, command }) => {
    const run = [...command, ...VITEST, "--reporter=json"];
    const { out, error } = await runCommand(run, {
      directory: ROOT,
      environment: { ...process.env, KEYHOLD_URL: url() },
    });
    const failed = [...out.matchAll(/"status":"failed","title":"([^"]*)".*?"failureMessages":\[(.*?)\]/g)];
    const [passed, total] = ["numPassedTests", "numTotalTests"].map((name) => Number(JSON.parse(out)[name]));
    console.log(`@keyv/test-suite on ${name}: ${passed} of ${total} passed`);
    expect({ passed, total, failed, error }).toEqual({ passed: PUBLISHED, total: PUBLISHED, failed: [], error: "" });
  });

  test("for Keyv 5 is one by Keyv's own types", () => {
    const store = new KeyholdKeyv({ client: client() });
    expect(new Keyv(store).store).toBe(store);
  });

  test("keep apart what other namespaces and others have, and clear their own alone", async () => {
    const keyhold = client();
    await keyhold.put("apart/none-of-a-cache", "stays");
    const [users, groups] = ["users", "groups"].map(
      (namespace) => new Keyv({ store: new KeyholdKeyv({ client: keyhold, prefix: "apart/" }), namespace }),
    );
    await users?.set("anna", 1);
    await groups?.set("anna", 2);
    await users?.clear();
    expect(await users?.get("anna")).toBeUndefined();
    expect(await groups?.get("anna")).toBe(2);
    expect(await keyhold.getText("apart/none-of-a-cache")).toBe("stays");
  });

  test("clear what a Keyv without prefixed keys has written", async () => {
    const keyv = new Keyv({ store: new KeyholdKeyv({ client: client(), prefix: "bare/" }), useKeyPrefix: false });
    await keyv.set("a", 1);
    expect(await Array.fromAsync(keyv.iterator?.(undefined) ?? [])).toEqual([["a", 1]]);
    await keyv.clear();
    expect(await keyv.get("a")).toBeUndefined();
  });

  test("keep what no serializer has made a text of", async () => {
    const store = new KeyholdKeyv({ client: client(), prefix: "kinds/" });
    const values = [
      "text",
      '{"a": 1.0}',
      '{"a": 1}\n',
      "[",
      "[x]",
      "",
      { a: [1, null] },
      7,
      null,
      new Uint8Array([0, 255]),
    ];
    for (const [index, value] of values.entries()) await store.set(`k${index}`, value);
    expect(await store.getMany(values.map((_, index) => `k${index}`))).toEqual(values);
  });

  test("are gone at the instant that was said, to the millisecond", async () => {
    const keyhold = client();
    const keyv = new Keyv({ store: new KeyholdKeyv({ client: keyhold, prefix: "ends/" }) });
    await keyv.set("soon", "x", 40);
    const etag = (await keyhold.head("ends/keyv/keyv:soon"))?.etag ?? '"gone"';
    expect(await keyhold.waitFor("ends/keyv/keyv:soon", { etag })).toBeNull();
    expect(await keyv.get("soon")).toBeUndefined();
    expect(await keyv.has("soon")).toBe(false);
  });

  test("take more at once than one request holds", async () => {
    const keyv = new Keyv({ store: new KeyholdKeyv({ client: client(), prefix: "many/" }) });
    const keys = Array.from({ length: MANY }, (_, index) => `key ${index}`);
    await keyv.setMany(keys.map((key) => ({ key, value: key.toUpperCase(), ttl: 60_000 })));
    expect(await keyv.getMany([...keys, "none"])).toEqual([...keys.map((key) => key.toUpperCase()), undefined]);
    expect(await keyv.hasMany([...keys, "none"])).toEqual([...keys.map(() => true), false]);
    expect(await keyv.deleteMany(keys)).toBe(true);
    expect(await keyv.hasMany(keys)).toEqual(keys.map(() => false));
  });

  test("go one by one where a store in partitions cannot hold keys together", async () => {
    const problem = {
      code: "cross-partition",
      status: 422,
      title: "Keys lie apart",
      detail: "The keys lie in 2 partitions",
    };
    let refused = 0;
    const apart = async (target: string, init?: RequestInit) => {
      if (!target.endsWith("/-/txn")) return fetch(target, init);
      refused++;
      return Response.json(problem, { status: 422, headers: { "Content-Type": "application/problem+json" } });
    };
    const keyhold = new Keyhold(url(), { fetch: apart });
    const store = new KeyholdKeyv6({ client: keyhold, prefix: "apart-keys/" });
    await store.setMany([
      { key: "a", value: "1" },
      { key: "b", value: "2", expires: Date.now() + 60_000 },
    ]);
    expect(await store.getMany(["a", "b"])).toEqual(["1", "2"]);
    expect((await client().head("apart-keys/keyv/b"))?.ttlMs).toBeGreaterThan(50_000);
    expect(await store.deleteMany(["a", "none", "b"])).toEqual([true, false, true]);
    expect(refused).toBe(2);
  });

  test("tell Keyv of what fails, whose `get` takes it for a miss", async () => {
    const keyv = new Keyv({ store: new KeyholdKeyv({ client: new Keyhold(NOWHERE, { retry: false }) }) });
    const codes: unknown[] = [];
    keyv.on("error", (error) => codes.push(error.code));
    expect(await keyv.get("a")).toBeUndefined();
    expect(await keyv.set("a", 1)).toBe(false);
    expect(await keyv.delete("a")).toBe(false);
    expect(codes).toEqual(["unreachable", "unreachable", "unreachable"]);
  });

  describe("by the contract of Keyv 6", () => keyv6Suite({ client }));
}

function keyv6Suite({ client }: Pick<Served, "client">): void {
  const makeStore = (prefix: string, namespace?: string) => {
    const store = new KeyholdKeyv6({ client: client(), prefix });
    store.namespace = namespace;
    return store;
  };

  test("say that they are told instants", () => {
    expect(makeStore("six/").capabilities).toMatchObject({ compatible: true, store: "keyvStorage", expires: true });
  });

  test("keep a value until its instant", async () => {
    const store = makeStore("six/");
    await store.set("later", "x", Date.now() + 60_000);
    const end = (await client().head("six/keyv/later"))?.ttlMs ?? 0;
    expect(end).toBeGreaterThan(50_000);
    expect(end).toBeLessThanOrEqual(60_000);
  });

  test("do not keep a value that has ended, nor the one that it replaces", async () => {
    const store = makeStore("six/");
    await store.set("past", "before");
    expect(await store.set("past", "after", Date.now() - 1)).toBe(true);
    expect(await store.get("past")).toBeUndefined();
    await store.setMany([
      { key: "p", value: "gone", expires: Date.now() - 1 },
      { key: "q", value: "stays", expires: Date.now() + 60_000 },
      { key: "r", value: "stays, too" },
    ]);
    expect(await store.getMany(["p", "q", "r"])).toEqual([undefined, "stays", "stays, too"]);
    await store.setMany([
      { key: "p", value: "gone", expires: Date.now() - 1 },
      { key: "p", value: "later" },
    ]);
    expect(await store.get("p")).toBe("later");
  });

  test("say of each key whether it was deleted", async () => {
    const store = makeStore("six/");
    await store.setMany([
      { key: "x", value: "1" },
      { key: "y", value: "2" },
    ]);
    expect(await store.deleteMany(["x", "none", "y"])).toEqual([true, false, true]);
    expect(await store.deleteMany([])).toEqual([]);
    expect(await store.hasMany([])).toEqual([]);
    expect(await store.getMany([])).toEqual([]);
    expect(await store.setMany([])).toEqual([]);
  });

  test("iterate over their namespace, by the keys that they were given", async () => {
    const [mine, other] = [makeStore("iterate/", "mine"), makeStore("iterate/", "other")];
    await mine.setMany([
      { key: "a", value: "1" },
      { key: "b:c", value: "2" },
    ]);
    await other.set("d", "3");
    expect(await Array.fromAsync(mine.iterator())).toEqual([
      ["a", "1"],
      ["b:c", "2"],
    ]);
    await mine.clear();
    expect(await Array.fromAsync(mine.iterator())).toEqual([]);
    expect(await other.get<string>("d")).toBe("3");
  });
}
