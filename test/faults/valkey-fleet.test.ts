// Two Keyhold servers on one cluster, asked at the same time: counters are exact, of all who create or take one entry one does,
// a watcher on one sees in order what the other writes, and a token that one revokes soon counts at neither. COUNTS=10000 and
// RACES=1000 run longer.
import { expect, test } from "bun:test";
import { EventReader } from "../support/event-reader.ts";
import type { HttpAnswer } from "../support/http-client.ts";
import { untilAnswered } from "../support/http-expectations.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { clusterStore, httpOf, withKeyholds } from "../support/keyhold-fleet.ts";
import { pollUntil } from "../support/poll-until.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { expectWithin } from "../support/time-bar.ts";
import { sharedCluster } from "../support/valkey-cluster.ts";

const COUNTS = Number(process.env["COUNTS"] ?? 1000);
const RACES = Number(process.env["RACES"] ?? 100);
const CONNECTIONS_EACH = 8;
/** Clients of each server that want the same entry. */
const RIVALS_EACH = 3;
const WATCHED_KEYS = 20;
const WATCHED_WRITES = 400;
/** "Within about a second". */
const REVOKED_MS = 2000;
const PATIENCE_MS = 20_000;
const TEST_MS = 60_000 + COUNTS * 5 + RACES * 50;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

test(
  `${COUNTS} increments through both servers are counted once each`,
  async () => {
    await withTwo(async (servers) => {
      const seen: number[] = [];
      let left = COUNTS;
      const connections = await Promise.all(
        servers.flatMap(({ url }) => Array.from({ length: CONNECTIONS_EACH }, () => KeptConnection.open(url))),
      );
      await Promise.all(
        connections.map(async (connection) => {
          const request = connection.render("PATCH /hits", FORM, "incr=1");
          while (left-- > 0) {
            const { status, body } = await connection.send(request);
            if (status !== 200 && status !== 201) throw new Error(`${status}: ${body}`);
            seen.push(Number(body));
          }
          connection.close();
        }),
      );
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: COUNTS }, (_, index) => index + 1));
      for (const server of servers) expect(await httpOf(server).text("/hits")).toBe(String(COUNTS));
    });
  },
  TEST_MS,
);

test(
  `of all who create one entry, and of all who take it, one does, ${RACES} times`,
  async () => {
    await withTwo(async (servers) => {
      const rivals = servers.flatMap((server) => Array.from({ length: RIVALS_EACH }, () => httpOf(server)));
      for (let race = 0; race < RACES; race++) {
        const created = await Promise.all(
          rivals.map((http, rival) =>
            untilTaken(() =>
              http.put(`/keys/race/${race}`, `rival ${rival}`, { "If-None-Match": "*", "Content-Type": "text/plain" }),
            ),
          ),
        );
        expect(created.map(({ status }) => status).toSorted()).toEqual([201, ...losers(412)]);
        const winner = created.findIndex(({ status }) => status === 201);
        const taken = await Promise.all(
          rivals.map((http) =>
            untilTaken(() => http.delete(`/keys/race/${race}`, { Prefer: "return=representation" })),
          ),
        );
        expect(taken.map(({ status }) => status).toSorted()).toEqual([200, ...losers(404)]);
        expect(taken.find(({ status }) => status === 200)?.text).toBe(`{"race/${race}": "rival ${winner}"}`);
      }
    });
  },
  TEST_MS,
);

test(
  "a watcher of one server sees what both write: of each key all of it, once, and in order",
  async () => {
    await withTwo(async (servers) => {
      const [first, second] = servers;
      if (first === undefined || second === undefined) throw new Error("Two servers are wanted");
      const stream = await makeSocketClient(first.url).open({
        method: "GET",
        target: "/keys?watch&prefix=watched/",
        headers: {},
        body: null,
      });
      const reader = new EventReader(stream, () => Bun.sleep(1));
      await reader.until("ready");
      const written = await writeWatched([second, second, first]);
      const seen = new Map<string, string[]>();
      for (let left = [...written.values()].flat().length; left > 0; ) {
        const { event, data } = await reader.mustNext();
        if (event !== "put") continue;
        left--;
        const key = String(data["key"]);
        seen.set(key, [...(seen.get(key) ?? []), `${event} ${data["revision"]}`]);
      }
      for (const [key, changes] of written) expect({ key, changes: seen.get(key) }).toEqual({ key, changes });
      // Nothing is told twice: the next that comes is the next that is written.
      await httpOf(second).put("/keys/watched/last", "");
      const rest = (await reader.until("put")).filter(({ event }) => event === "put");
      expect(rest.map(({ data }) => data["key"])).toEqual(["watched/last"]);
      stream.close();
    });
  },
  TEST_MS,
);

test(
  "a token that one server makes or revokes counts at the other, revoked within about a second",
  async () => {
    await withTwo(async ([first, second]) => {
      if (first === undefined || second === undefined) throw new Error("Two servers are wanted");
      const admin = await issue(first, '{"name": "admin", "scopes": ["admin", "read"]}', {});
      const { id, token } = await issue(first, '{"name": "reader", "scopes": ["read"]}', bearer(admin.token));
      const read = async (server: ServerProcess, secret: string) =>
        (await httpOf(server).get("/keys?keys", bearer(secret))).status;
      expect(await read(second, token)).toBe(200);
      const revokedAt = performance.now();
      expect((await httpOf(first).delete(`/-/tokens/${id}`, bearer(admin.token))).status).toBe(200);
      expect(await read(first, token)).toBe(401);
      await pollUntil(async () => (await read(second, token)) === 401, {
        ms: PATIENCE_MS,
        intervalMs: 20,
        what: () => "The token that the other server revoked still counts",
      });
      const countedMs = performance.now() - revokedAt;
      console.log(`fleet: a revoked token counted for ${Math.round(countedMs)} ms more elsewhere`);
      expectWithin("a revoked token elsewhere", countedMs, REVOKED_MS);
      expect(await read(second, admin.token)).toBe(200);
    });
  },
  TEST_MS,
);

async function withTwo(body: (servers: readonly ServerProcess[]) => Promise<void>): Promise<void> {
  const args = [
    ...clusterStore(await sharedCluster()),
    ...["--promise", "replicated:1", "--store-prefix", `t${crypto.randomUUID().slice(0, 13)}`],
  ];
  await withKeyholds([args, args], body);
}

/** Of a request that is refused for now (503), nothing has been done: it is sent again, as the answer says. */
function untilTaken(send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  return untilAnswered(
    send,
    ({ status }) => status !== 503,
    () => new Promise(setImmediate),
  );
}

function losers(status: number): readonly number[] {
  return Array.from({ length: 2 * RIVALS_EACH - 1 }, () => status);
}

/** Writes each key through each of the servers in turn. @returns what of each key must be seen */
async function writeWatched(servers: readonly ServerProcess[]): Promise<ReadonlyMap<string, string[]>> {
  const written = new Map<string, string[]>();
  const clients = servers.map(httpOf);
  await Promise.all(
    Array.from({ length: WATCHED_KEYS }, async (_, number) => {
      const key = `watched/${number}`;
      const changes: string[] = [];
      written.set(key, changes);
      for (let turn = 0; turn < WATCHED_WRITES / WATCHED_KEYS; turn++) {
        const http = clients[(turn + number) % clients.length];
        if (http === undefined) throw new Error("No server to write to");
        const { status, headers } = await http.put(`/keys/${key}`, `${turn}`);
        expect([200, 201]).toContain(status);
        changes.push(`put ${headers["revision"]}`);
      }
    }),
  );
  return written;
}

async function issue(
  server: ServerProcess,
  grant: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly id: string; readonly token: string }> {
  const { status, text } = await httpOf(server).postJson("/-/tokens", grant, headers);
  if (status !== 201) throw new Error(`A token was answered ${status}: ${text}`);
  const issued: { readonly id: string; readonly token: string } = JSON.parse(text);
  return issued;
}

function bearer(secret: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${secret}` };
}
