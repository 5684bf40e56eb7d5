// What changes for clients where the store is in partitions: keys that lie apart are not written together, and are told so
// by their groups; what need not be of one instant is done all the same.
import { describe, expect, test } from "bun:test";
import { KeyholdError } from "../../src/core/errors.ts";
import type { Key } from "../../src/core/key.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import type { Store } from "../../src/store/store.ts";
import type { Http } from "../support/http-client.ts";
import { expectProblem } from "../support/http-expectations.ts";
import { makeAppServer } from "../support/http-harness.ts";
import { PartitionedMemoryStore } from "../support/partitioned-memory-store.ts";
import { keyOf } from "../support/requests.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import { ROOMY } from "../support/store-harness.ts";
import { makeTurnableClock } from "../support/turnable-clock.ts";

const PARTITIONS = 4;
const NAMED = { "Idempotency-Key": "one" };

async function withPartitions(body: (parts: { readonly http: Http; readonly store: Store }) => Promise<void>) {
  const store = new PartitionedMemoryStore({
    ...ROOMY,
    now: makeTurnableClock().now,
    incarnation: "partitioned1",
    storeBytes: 0,
    partitions: PARTITIONS,
    random: makeSeededRandom(1),
  });
  try {
    await body({ http: makeAppServer(store).http, store });
  } finally {
    await store.close();
  }
}

/** Two keys that lie together, and one that does not. */
function apart(store: Store): readonly [Key, Key, Key] {
  const keys = Array.from({ length: 100 }, (_, index) => keyOf(`k${index}`));
  const [first, ...others] = keys;
  const together = others.find((key) => first !== undefined && store.partitionOf(key) === store.partitionOf(first));
  const other = others.find((key) => first !== undefined && store.partitionOf(key) !== store.partitionOf(first));
  if (first === undefined || together === undefined || other === undefined) throw new Error("Keys lie all together");
  return [first, together, other];
}

function pairs(keys: readonly Key[]): string {
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1])));
}

const WRITES: Readonly<Record<string, (http: Http, keys: readonly Key[]) => ReturnType<Http["send"]>>> = {
  "POST /keys": (http, keys) => http.postJson("/keys", pairs(keys)),
  "PUT /keys": (http, keys) => http.put(`/keys?${keys.map((key) => `${encodeURIComponent(key)}=1`).join("&")}`, null),
  "PATCH /keys": (http, keys) => http.mergePatch("/keys", pairs(keys)),
  "PATCH /keys of values": (http, keys) =>
    http.mergePatch("/keys", JSON.stringify(Object.fromEntries(keys.map((key, index) => [key, index % 2 ? 1 : null])))),
  "PATCH /keys of members": (http, keys) =>
    http.mergePatch("/keys", JSON.stringify(Object.fromEntries(keys.map((key) => [key, { a: { b: 1 } }])))),
  "POST /-/txn": (http, keys) =>
    http.postJson("/-/txn", JSON.stringify({ ops: keys.map((key) => ({ put: { key, value: 1 } })) })),
  "POST /-/txn with checks": (http, [key, ...others]) =>
    http.postJson(
      "/-/txn",
      JSON.stringify({
        checks: [{ key, absent: true }],
        ops: others.map((other) => ({ put: { key: other, value: 1 } })),
      }),
    ),
  "POST /-/txn with an else-branch": (http, [key, ...others]) =>
    http.postJson(
      "/-/txn",
      JSON.stringify({
        checks: [{ key, absent: true }],
        ops: [{ put: { key, value: 1 } }],
        else: others.map((other) => ({ get: { key: other } })),
      }),
    ),
  "DELETE /keys with a name": (http, keys) => http.delete(`/keys?${keys.map((key) => `key=${key}`).join("&")}`, NAMED),
};

describe.each(Object.entries(WRITES))("%s", (_, write) => {
  test("of keys that lie apart is refused with its keys by their groups, and changes nothing", async () => {
    await withPartitions(async ({ http, store }) => {
      const [one, same, other] = apart(store);
      const before = await http.text("/keys?meta");
      const problem = expectProblem(await write(http, [one, other, same]), "cross-partition");
      expect(problem).toMatchObject({ partitions: [[one, same], [other]], partition_count: 2 });
      expect(await http.text("/keys?meta")).toBe(before);
    });
  });

  test("of keys with the same tag is done", async () => {
    await withPartitions(async ({ http }) => {
      const { status, text } = await write(http, ["{cart}a", "{cart}b", "x/{cart}"].map(keyOf));
      expect([status < 300, text]).toEqual([true, text]);
    });
  });
});

describe("DELETE /keys", () => {
  test("of named keys that lie apart deletes each, and counts them", async () => {
    await withPartitions(async ({ http, store }) => {
      const keys = apart(store);
      for (const key of keys) await http.put(`/${key}`, "1");
      const { status, text } = await http.delete(`/keys?${keys.map((key) => `key=${key}`).join("&")}&key=missing`);
      expect([status, text, await store.count(EVERY_KEY)]).toEqual([200, '{"deleted": 3}', 0]);
    });
  });

  test("that fails in one partition says what it has done in the others", async () => {
    await withPartitions(async ({ http, store }) => {
      const [one, , other] = apart(store);
      for (const key of [one, other]) await http.put(`/${key}`, "1");
      const commit = store.commit.bind(store);
      store.commit = (batch, terms) => {
        if (batch[0]?.key === one) throw new KeyholdError("unavailable", "A partition is away", { partition: 1 });
        return commit(batch, terms);
      };
      const answer = await http.delete(`/keys?key=${one}&key=${other}`);
      expect(expectProblem(answer, "unavailable")).toMatchObject({ partition: 1, deleted: 1 });
      expect(await http.json("/keys")).toEqual([{ [one]: "1" }]);
    });
  });

  test("of a set goes over all partitions; with a name it is refused and deletes nothing", async () => {
    await withPartitions(async ({ http, store }) => {
      for (let index = 0; index < 50; index++) await http.put(`/k${index}`, "1");
      expectProblem(await http.delete("/keys?prefix=k1", NAMED), "cross-partition");
      expect(await store.count(EVERY_KEY)).toBe(50);
      expect((await http.delete("/keys?prefix=k1")).text).toBe('{"deleted": 11}');
      expect((await http.delete("/keys")).text).toBe('{"deleted": 39}');
      expect(store.stats().entries).toBe(0);
    });
  });
});
