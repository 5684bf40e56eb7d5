// A replica that hangs under the promise replicated:1: what is written meanwhile is in one place only. Nobody is told that it
// was made as promised, by whichever server and however often it is asked for, until it is in two.
import { expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../support/http-client.ts";
import { httpOf, standaloneStore, withKeyholds } from "../support/keyhold-fleet.ts";
import { pollUntil } from "../support/poll-until.ts";
import type { ValkeyNode } from "../support/valkey-node.ts";
import { startReplicated } from "../support/valkey-standalone.ts";

const PATIENCE_MS = 20_000;
const TEST_MS = 60_000;
const NAMED = { "Idempotency-Key": "once" };

const WRITES: readonly (readonly [string, (http: Http) => Promise<HttpAnswer>])[] = [
  ["a PUT", (http) => http.put("/keys/c", "1", NAMED)],
  ["an increment", (http) => http.patch("/keys/c", "incr=1", NAMED)],
  ["a merge patch", (http) => http.mergePatch("/keys/c", '{"c": 1}', NAMED)],
  ["a creation", (http) => http.postJson("/keys", '{"c": 1}', NAMED)],
  ["a transaction", (http) => http.postJson("/-/txn", '{"ops": [{"put": {"key": "c", "value": 1}}]}', NAMED)],
];

for (const [what, write] of WRITES) {
  test.concurrent(
    `${what} that no replica has confirmed is 504, and so is its repetition, here and elsewhere, until one has`,
    async () => {
      await withHangingReplica(async ({ first, second, replica }) => {
        expect(statusOf(await write(first))).toEqual([504, "outcome-unknown"]);
        // A client that is told so sends it again, perhaps to another server.
        expect(["elsewhere", ...statusOf(await write(second))]).toEqual(["elsewhere", 504, "outcome-unknown"]);
        expect(["here", ...statusOf(await write(first))]).toEqual(["here", 504, "outcome-unknown"]);
        replica.resume();
        await pollUntil(async () => (await write(second)).status < 300, {
          ms: PATIENCE_MS,
          what: () => "The repetition is not answered though the replica is back",
        });
      });
    },
    TEST_MS,
  );
}

test.concurrent(
  "what no replica has confirmed has its tag in the answer, and a deletion of many is 504 too",
  async () => {
    await withHangingReplica(async ({ first }) => {
      const { status, headers } = await first.put("/keys/c", "1");
      expect([status, headers["etag"] !== undefined]).toEqual([504, true]);
      expect((await first.get("/c")).headers["etag"]).toBe(headers["etag"] ?? "");
      expect(statusOf(await first.delete("/keys?prefix=before/"))).toEqual([504, "outcome-unknown"]);
    });
  },
  TEST_MS,
);

/** @param body - given two servers that have written before, and the one replica, which hangs now */
async function withHangingReplica(
  body: (parts: { readonly first: Http; readonly second: Http; readonly replica: ValkeyNode }) => Promise<void>,
): Promise<void> {
  const { primary, replicas, stop } = await startReplicated({ replicas: 1, appendFsync: "everysec" });
  const args = [...standaloneStore(primary.address), "--promise", "replicated:1"];
  try {
    await withKeyholds([args, args], async (servers) => {
      const [first, second] = servers.map(httpOf);
      const [replica] = replicas;
      if (first === undefined || second === undefined || replica === undefined) throw new Error("Too few servers");
      expect((await first.put("/keys/before/a", "1")).status).toBe(201);
      expect((await second.put("/keys/before/b", "1")).status).toBe(201);
      replica.pause();
      await body({ first, second, replica });
    });
  } finally {
    await stop();
  }
}

/** Status and code; of a success, its status alone. */
function statusOf({ status, text }: HttpAnswer): readonly unknown[] {
  return status < 300 ? [status] : [status, JSON.parse(text).code];
}
