// 64 connections that count on one key of a real server: every number is given once, and the sum is exact; across a kill -9 it
// is never less than was acknowledged and never more than was sent. COUNTS=10000 has every connection count as often.
import { expect, test } from "bun:test";
import { KeptConnection } from "../support/kept-connection.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const CONNECTIONS = 64;
const COUNTS = Number(process.env["COUNTS"] ?? 400);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const KILLS = 3;
/** A disk that syncs slowly makes some 2,000 counts a second. */
const MS_MAX = 60_000 + (CONNECTIONS * COUNTS) / 2;

interface Tally {
  sent: number;
  acknowledged: number;
  /** The highest number that an answer gave. */
  highest: number;
}

test(
  `${CONNECTIONS} connections count ${COUNTS} times each, and not one is lost or counted twice`,
  async () => {
    await withServerProcess(async (server) => {
      const seen = new Uint8Array(CONNECTIONS * COUNTS + 1);
      const startedAt = performance.now();
      await countFromAll(server, { sent: 0, acknowledged: 0, highest: 0 }, (number) => {
        seen[number] = (seen[number] ?? 0) + 1;
      });
      const seconds = (performance.now() - startedAt) / 1000;
      const total = CONNECTIONS * COUNTS;
      console.log(`counters: ${total} counts in ${seconds.toFixed(1)} s, ${Math.round(total / seconds)} a second`);
      expect(await counterOf(server)).toBe(total);
      expect([seen[0], seen.subarray(1).every((times) => times === 1)]).toEqual([0, true]);
    });
  },
  MS_MAX,
);

test(
  "a server killed while they count keeps what it acknowledged, and invents nothing",
  async () => {
    await withServerProcess(async (first, restart) => {
      const random = makeSeededRandom(SEED);
      const tally: Tally = { sent: 0, acknowledged: 0, highest: 0 };
      let server = first;
      for (let kill = 0; kill < KILLS; kill++) {
        const killAt = tally.acknowledged + 1 + random.below((CONNECTIONS * COUNTS) / 10);
        const killed = server;
        await countFromAll(server, tally, () => {
          if (tally.acknowledged === killAt) killed.kill("SIGKILL");
        });
        await server.exited;
        server = await restart();
        const value = await counterOf(server);
        console.log(`counters: SEED=${SEED}, ${tally.acknowledged} acknowledged, ${tally.sent} sent, ${value} counted`);
        expect(value).toBeGreaterThanOrEqual(Math.max(tally.acknowledged, tally.highest));
        expect(value).toBeLessThanOrEqual(tally.sent);
        // What was under way is settled now, either way.
        tally.acknowledged = value;
        tally.sent = value;
      }
    });
  },
  MS_MAX,
);

/** Counts from all connections until each has its number of counts, or its server is gone. */
async function countFromAll(server: ServerProcess, tally: Tally, note: (number: number) => void): Promise<void> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => KeptConnection.open(server.url)));
  await Promise.all(
    connections.map(async (connection) => {
      const type = { "Content-Type": "application/x-www-form-urlencoded" };
      const request = connection.render("PATCH /hits", type, "incr=1");
      for (let count = 0; count < COUNTS; count++) {
        tally.sent++;
        const answer = await connection.send(request).catch(() => null);
        if (answer === null) break;
        if (answer.status !== 200 && answer.status !== 201) throw new Error(`${answer.status}: ${answer.body}`);
        tally.acknowledged++;
        tally.highest = Math.max(tally.highest, Number(answer.body));
        note(Number(answer.body));
      }
      connection.close();
    }),
  );
}

async function counterOf(server: ServerProcess): Promise<number> {
  return Number(await (await fetch(`${server.url}/hits`)).text());
}
