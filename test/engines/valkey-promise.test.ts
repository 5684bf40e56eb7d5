// What the promise of a write means over real servers: when it is kept, when it is known beforehand that it cannot be, and
// when it is found out too late.
import { expect, test } from "bun:test";
import { pollUntil } from "../support/poll-until.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import { expectWithin } from "../support/time-bar.ts";
import { textOf } from "../support/valkey-connection.ts";
import { COUNT, ListLog, makeScript, PATIENCE_MS, serversOptions, withServers } from "../support/valkey-servers.ts";
import { type Replicated, startReplicated } from "../support/valkey-standalone.ts";

const SLOT = 0;
const DEADLINE_MS = 1000;

async function withReplicas(
  replicas: number,
  body: (group: Replicated) => Promise<void>,
  settings: Parameters<typeof startReplicated>[0] = { appendFsync: "everysec" },
): Promise<void> {
  const group = await startReplicated({ replicas, ...settings });
  try {
    await body(group);
  } finally {
    await group.stop();
  }
}

const optionsOf = ({ primary }: Replicated, changed: Parameters<typeof serversOptions>[1] = {}) =>
  serversOptions([primary.address], { promise: "replicated:1", deadlineMs: DEADLINE_MS, ...changed });

test(
  "an acknowledged write is on the replica, however many are written at once",
  async () => {
    await withReplicas(1, async (group) => {
      // All of them together, on a machine that does other things too.
      await withServers(optionsOf(group, { deadlineMs: 20_000 }), async (servers) => {
        for (const count of [1, 2, 5000]) {
          const written = await Promise.all(
            Array.from({ length: count }, () => servers.write(SLOT, COUNT, [`n:${count}`], [])),
          );
          expect(written.every(({ shortfall }) => shortfall === null)).toBe(true);
          expect(await group.replicas[0]?.ask("GET", `n:${count}`)).toBe(String(count));
        }
      });
    });
  },
  PATIENCE_MS,
);

test(
  "a replica that hangs: the write is told as applied and not confirmed, and so are those that wait behind it",
  async () => {
    await withReplicas(1, async (group) => {
      await withServers(optionsOf(group), async (servers) => {
        await servers.write(SLOT, COUNT, ["n"], []);
        group.replicas[0]?.pause();
        const begunAt = performance.now();
        const first = servers.write(SLOT, COUNT, ["n"], []);
        expect(await first).toEqual({ reply: 2, shortfall: "Confirmed by 0 of 1 replica within 500 ms" });
        const passedMs = performance.now() - begunAt;
        expect(passedMs).toBeGreaterThan(450);
        expectWithin("the answer", passedMs, DEADLINE_MS);
        group.replicas[0]?.resume();
        expect(await servers.write(SLOT, COUNT, ["n"], [])).toEqual({ reply: 3, shortfall: null });
      });
    });
  },
  PATIENCE_MS,
);

test(
  "reads, and writes that are refused, do not wait for a replica that hangs",
  async () => {
    await withReplicas(1, async (group) => {
      const wrongScript = makeScript("return redis.call('NO')");
      await withServers(optionsOf(group, { preload: [COUNT, wrongScript] }), async (servers) => {
        await servers.write(SLOT, COUNT, ["n"], []);
        group.replicas[0]?.pause();
        const written = servers.write(SLOT, COUNT, ["n"], []);
        const wrong = rejectionOf(() => servers.write(SLOT, wrongScript, [], []));
        const begunAt = performance.now();
        expect(textOf(await servers.read(SLOT, ["GET", "n"]))).toMatch(/[12]/);
        expect((await wrong)?.code).toBe("internal");
        expectWithin("the reads", performance.now() - begunAt, 300);
        expect((await written).shortfall).not.toBeNull();
        group.replicas[0]?.resume();
      });
    });
  },
  PATIENCE_MS,
);

test(
  "when the only replica is gone, writes are refused at once and nothing is written; when it is back they are taken",
  async () => {
    await withReplicas(1, async (group) => {
      const log = new ListLog();
      await withServers(optionsOf(group, { log }), async (servers) => {
        expect((await servers.write(SLOT, COUNT, ["n"], [])).reply).toBe(1);
        await group.replicas[0]?.kill();
        await until(() => servers.refusal() !== null);
        const refused = Promise.all(
          Array.from({ length: 100 }, () => rejectionOf(() => servers.write(SLOT, COUNT, ["n"], []))),
        );
        // No server is asked, so nothing is waited for but the event loop.
        const refusals = (await Promise.race([refused, turns(3)])) ?? expect.unreachable();
        expect(new Set(refusals.map((refusal) => refusal?.code))).toEqual(new Set(["unavailable"] as const));
        expect(refusals[0]?.detail).toContain("0 of the 1 replicas that must confirm are online");
        expect(refusals[0]?.data).toEqual({ retry_after: 1 });
        expect(await group.primary.ask("GET", "n")).toBe("1");
        expect(textOf(await servers.read(SLOT, ["GET", "n"]))).toBe("1");
        await group.replicas[0]?.restart();
        await until(() => servers.refusal() === null);
        // A replica is online as soon as it has all that was; its first confirmation can take longer.
        await untilAsync(async () => (await servers.write(SLOT, COUNT, ["n"], [])).shortfall === null);
        expect(log.lines.map(({ event }) => event)).toEqual([
          "promise-in-doubt",
          "servers-open",
          "servers-unwell",
          "servers-well",
        ]);
      });
    });
  },
  PATIENCE_MS,
);

test(
  "a primary that asks for replicas itself, and has none, refuses writes, and nothing is written",
  async () => {
    await withReplicas(0, async (group) => {
      await withServers(optionsOf(group, { promise: "applied" }), async (servers) => {
        await group.primary.ask("CONFIG", "SET", "min-replicas-to-write", "1");
        const refusal = await rejectionOf(() => servers.write(SLOT, COUNT, ["n"], []));
        expect(refusal?.code).toBe("unavailable");
        expect(refusal?.detail).toContain("min-replicas-to-write");
        expect(await servers.read(SLOT, ["GET", "n"])).toBeNull();
      });
    });
  },
  PATIENCE_MS,
);

test(
  "replicated and on disk: every copy that has acknowledged keeps the write over a kill",
  async () => {
    await withReplicas(
      1,
      async (group) => {
        let acknowledged = 0;
        await withServers(optionsOf(group, { promise: "replicated:1+fsync" }), async (servers) => {
          // A replica logs what it is told once its log has what it was filled with.
          for (const replica of group.replicas) await untilAsync(async () => logsWrites(await replica.ask("INFO")));
          for (let count = 1; count <= 100; count++) {
            const { reply, shortfall } = await servers.write(SLOT, COUNT, ["n"], []);
            if (shortfall === null) acknowledged = Number(reply);
          }
        });
        expect(acknowledged).toBeGreaterThan(0);
        const nodes = [...group.replicas, group.primary];
        for (const node of nodes) await node.kill();
        // One at a time, as a replica that finds its primary begins anew with what that has.
        for (const node of nodes) {
          await node.restart();
          expect(Number(await node.ask("GET", "n"))).toBeGreaterThanOrEqual(acknowledged);
          await node.kill();
        }
      },
      { appendFsync: "always" },
    );
  },
  PATIENCE_MS,
);

function logsWrites(info: unknown): boolean {
  return /aof_rewrites:[1-9]/.test(String(info)) && /aof_rewrite_in_progress:0/.test(String(info));
}

async function turns(count: number): Promise<null> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
  return null;
}

function until(holds: () => boolean): Promise<void> {
  return untilAsync(async () => holds());
}

function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  return pollUntil(holds, { ms: PATIENCE_MS, intervalMs: 5, what: () => "It does not come to that" });
}
