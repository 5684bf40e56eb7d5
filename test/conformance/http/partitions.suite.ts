// Keys that lie apart (contract §6, §10, 422 cross-partition): where one request cannot hold them together it is refused,
// says which of them lie together, and does nothing. Keys with a common {tag} lie together in every store.
import { expect, test } from "bun:test";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Http, HttpAnswer } from "../../support/http-client.ts";
import { expectProblem, stateOf } from "../../support/http-expectations.ts";
import type { TestServer, WithServer } from "../../support/http-harness.ts";
import { createAll, holdsAnyKeys } from "../../support/http-set-up.ts";

/** So many that a store in partitions has some of them apart. */
const NAMES = Array.from({ length: 30 }, (_, index) => `k${index}`);
const TAGGED = NAMES.map((name) => `{cart}${name}`);

/** Every request that writes several keys in one commit, of these keys. */
const WRITES: Readonly<Record<string, (http: Http, keys: readonly string[]) => Promise<HttpAnswer>>> = {
  "POST /keys": (http, keys) => http.postJson("/keys", objectOf(keys, 1)),
  "PUT /keys?": (http, keys) => http.send(`PUT /keys?${keys.map((key) => `${encodeURIComponent(key)}=1`).join("&")}`),
  "PATCH /keys": (http, keys) => http.mergePatch("/keys", objectOf(keys, 1)),
  "PATCH /keys that merges": (http, keys) => http.mergePatch("/keys", objectOf(keys, { x: 1 })),
  "a transaction": (http, keys) => transact(http, { ops: keys.map((key) => ({ put: { key, value: 1 } })) }),
  "a transaction that counts": (http, keys) => transact(http, { ops: keys.map((key) => ({ incr: { key } })) }),
  "a transaction that checks": (http, [first = "", ...rest]) =>
    transact(http, {
      checks: rest.map((key) => ({ key, absent: true })),
      ops: [{ put: { key: first, value: 1 } }],
    }),
  "a transaction that reads": (http, [first = "", ...rest]) =>
    transact(http, { ops: [{ put: { key: first, value: 1 } }, ...rest.map((key) => ({ get: { key } }))] }),
  "a transaction that reads otherwise": (http, [first = "", ...rest]) =>
    transact(http, {
      checks: [{ key: first, absent: true }],
      ops: [{ put: { key: first, value: 1 } }],
      else: rest.map((key) => ({ get: { key } })),
    }),
};

export function partitionsSuite(withServer: WithServer): void {
  for (const [name, write] of Object.entries(WRITES)) {
    test(`${name} of keys with a common tag is done, whole`, async () => {
      await withServer(async ({ http }) => {
        const { status, text } = await write(http, TAGGED);
        expect(`${status} ${text}`).toMatch(/^20[01] /);
        expect((await http.get("/keys?keys&prefix=%7Bcart%7Dk0")).text).toBe('["{cart}k0"]');
      });
    });

    test(`${name} of keys that lie apart is done where the store holds them, else 422, and nothing of it`, async () => {
      await withServer(async (server) => {
        const { http } = server;
        await http.put("/keys/standing", "1");
        const before = await stateOf(http);
        const answer = await write(http, NAMES);
        if (holdsAnyKeys(server)) {
          expect(`${answer.status} ${answer.text}`).toMatch(/^20[01] /);
          return;
        }
        const { partitions, partition_count: count, detail } = expectProblem(answer, "cross-partition");
        const groups = groupsOf(partitions);
        expect(groups.flat().toSorted()).toEqual(NAMES.toSorted());
        expect([groups.length > 1, groups.length]).toEqual([true, Number(count)]);
        expect(detail).toMatch(/\{tag\}|\{cart\}/);
        expect(await stateOf(http)).toBe(before);
      });
    });
  }

  test("keys that a refusal groups together are taken together, and those of two groups are not", async () => {
    await withServer(async (server) => {
      if (holdsAnyKeys(server)) return;
      const { http } = server;
      // Few enough that two of a group are named: a hundred keys are, at most, over all groups.
      const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
      const groups = groupsOf(
        expectProblem(await http.postJson("/keys", objectOf(names, 1)), "cross-partition")["partitions"],
      );
      const together = groups.find((keys) => keys.length > 1) ?? [];
      expect(together.length).toBeGreaterThan(1);
      const apart = groups.slice(0, 2).map(([first = ""]) => first);
      expectProblem(await http.postJson("/keys", objectOf(apart, 1)), "cross-partition");
      expect((await http.postJson("/keys", objectOf(together, 1))).status).toBe(201);
    });
  });

  test("an all-or-nothing write of keys with a common tag is nothing where one of them is in the way", async () => {
    await withServer(async ({ http }) => {
      await http.put("/keys/%7Bcart%7Dk9", "old");
      const before = await stateOf(http);
      expectProblem(await http.postJson("/keys", objectOf(TAGGED, 1)), "already-exists");
      const answer = await transact(http, {
        checks: [{ key: "{cart}k9", absent: true }],
        ops: [{ put: { key: "{cart}k1", value: 1 } }, { delete: { key: "{cart}k9" } }],
        else: [{ get: { key: "{cart}k9" } }],
      });
      expect(expectProblem(answer, "check-failed")["else"]).toMatchObject([{ get: { value: "old" } }]);
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("a batch of one revision is one over keys with a common tag, too", async () => {
    await withServer(async ({ http }) => {
      const { headers } = await http.postJson("/keys", objectOf(TAGGED, 1));
      const meta: readonly { readonly revision: number }[] = JSON.parse(await http.text("/keys?meta"));
      expect(new Set(meta.map(({ revision }) => revision))).toEqual(new Set([Number(headers["revision"])]));
    });
  });

  test("keys that lie apart are listed, read and deleted by one request in every store, and counted exactly", async () => {
    await withServer(async (server) => {
      const { http } = server;
      await createAll(server, objectOf(NAMES, 1));
      const query = NAMES.slice(0, 10).map((name) => `key=${name}`);
      expect(await http.json(`/keys?keys&${query.join("&")}`)).toHaveLength(10);
      expect((await http.delete(`/keys?${query.join("&")}&key=none`)).text).toBe('{"deleted": 10}');
      expect((await http.delete("/keys")).text).toBe('{"deleted": 20}');
    });
  });

  test.each([
    ["?prefix=k", "deletions"],
    ["", "deletions"],
    ["?key=k0&key=k1&key=k2&key=k3&key=k4&key=k5", "atomicity"],
  ] as const)(
    "DELETE /keys%s under an Idempotency-Key is made once, or refused and deletes nothing",
    async (query, by) => {
      await withServer(async (server) => {
        const { http, capabilities } = server;
        await createAll(server, objectOf(NAMES, 1));
        const ask = () => http.delete(`/keys${query}`, { "Idempotency-Key": "one" });
        const answer = await ask();
        const isMade = by === "deletions" ? capabilities.deletions === "one-commit" : holdsAnyKeys(server);
        if (!isMade) {
          const code: ErrorCode = "cross-partition";
          expectProblem(answer, code);
          expect(await http.json("/keys?keys")).toHaveLength(NAMES.length);
          expectProblem(await ask(), code);
          return;
        }
        expect(answer.status).toBe(200);
        await refill(server);
        const again = await ask();
        expect([again.text, again.headers["idempotency-replayed"]]).toEqual([answer.text, "true"]);
        expect(await http.json("/keys?keys")).toHaveLength(NAMES.length);
      });
    },
  );

  async function refill(server: TestServer): Promise<void> {
    await server.http.delete("/keys");
    await createAll(server, objectOf(NAMES, 1));
  }
}

function transact(http: Http, body: unknown): Promise<HttpAnswer> {
  return http.postJson("/-/txn", JSON.stringify(body));
}

function objectOf(keys: readonly string[], value: unknown): string {
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, value])));
}

function groupsOf(partitions: unknown): readonly (readonly string[])[] {
  if (!Array.isArray(partitions)) return [];
  return partitions.map((keys: unknown) => (Array.isArray(keys) ? keys.map(String) : []));
}
