// The router over a primary that Sentinels watch.
import { expect, test } from "bun:test";
import { CountingLoad } from "../support/counting-load.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import { expectWithin } from "../support/time-bar.ts";
import { type SentinelSet, startSentinelSet } from "../support/valkey-sentinel.ts";
import { COUNT, ListLog, PATIENCE_MS, serversOptions, withServers } from "../support/valkey-servers.ts";

const DEADLINE_MS = 2000;
/** Silence after which Sentinels call the primary down, and where that is not to happen. */
const DETECTION_MS = 1000;
const UNHURRIED_MS = 5000;
/** Of a fail-over: a second until the Sentinels call the primary down, and what they take to agree and promote. */
const RECOVERY_MS = 6000;
const KEYS = Array.from({ length: 16 }, (_, number) => ({ key: `count:${number}`, slot: 0 }));

function optionsOf(set: SentinelSet, changed: Parameters<typeof serversOptions>[1] = {}) {
  const seeds = set.sentinels.map(({ address }) => address);
  return serversOptions(seeds, {
    topology: "sentinel",
    masterName: set.name,
    promise: "replicated:1",
    deadlineMs: DEADLINE_MS,
    ...changed,
  });
}

async function withSet(body: (set: SentinelSet) => Promise<void>, downAfterMs = UNHURRIED_MS): Promise<void> {
  const set = await startSentinelSet({ downAfterMs, appendFsync: "everysec" });
  try {
    await body(set);
  } finally {
    await set.stop();
  }
}

for (const how of ["killed", "stopped"] as const) {
  test(
    `a primary that is ${how} under load: another is written to, nothing acknowledged is lost, nothing counted twice`,
    async () => {
      await withSet(async (set) => {
        const log = new ListLog();
        await withServers(optionsOf(set, { log }), async (servers) => {
          const load = new CountingLoad(servers, KEYS);
          await load.untilMore(50);
          const old = await set.primary();
          if (how === "killed") await old.kill();
          else old.pause();
          await set.untilPrimaryIsNot(old);
          await load.untilMore(50);
          if (how === "stopped") old.resume();
          await load.stop();
          expect(await load.wrongKeys()).toEqual([]);
          expectWithin("the longest that was not served", load.longestGapMs, RECOVERY_MS);
          expectWithin("the slowest answer", load.slowestMs, DEADLINE_MS + 200);
          const codes = [...load.refusals.keys()].filter(
            (code) => code !== "unavailable" && code !== "outcome-unknown",
          );
          expect(codes).toEqual([]);
          expect(log.lines.map(({ event }) => event)).toContain("primary-changed");
          console.log(
            `${how}: longest gap ${Math.round(load.longestGapMs)} ms, slowest ${Math.round(load.slowestMs)} ms`,
          );
        });
      }, DETECTION_MS);
    },
    PATIENCE_MS,
  );
}

test(
  "a Sentinel that is gone, and one that hangs, are done without; with none left the primary that is known stays",
  async () => {
    await withSet(async (set) => {
      const [first, second, third] = set.sentinels;
      await first?.kill();
      second?.pause();
      await withServers(optionsOf(set, { promise: "applied" }), async (servers) => {
        const load = new CountingLoad(servers, KEYS.slice(0, 1));
        await load.untilMore(10);
        await third?.kill();
        await load.untilMore(10);
        await load.stop();
        expect(load.refusals.size).toBe(0);
      });
    });
  },
  PATIENCE_MS,
);

test(
  "servers and Sentinels that ask for a password, and speak TLS, are let in to by their own access",
  async () => {
    const set = await startSentinelSet({ appendFsync: "everysec", password: "secret", user: "keyhold", tls: true });
    try {
      const tls = { ca: set.ca, serverName: null };
      const access = { user: "keyhold", password: "secret", tls, database: 1 };
      const sentinelAccess = { user: null, password: "secret", tls, database: 0 };
      await withServers(optionsOf(set, { access, sentinelAccess }), async (servers) => {
        expect(await servers.write(0, COUNT, ["n"], [])).toEqual({ reply: 1, shortfall: null });
        expect(await (await set.primary()).ask("EXISTS", "n")).toBe(0);
      });
      const wrong = optionsOf(set, { access, sentinelAccess: { ...sentinelAccess, password: "wrong" } });
      expect((await rejectionOf(() => withServers(wrong, async () => {})))?.detail).toContain("WRONGPASS");
    } finally {
      await set.stop();
    }
  },
  PATIENCE_MS,
);

test(
  "a name that no Sentinel knows, and a server that is no Sentinel, are refused at the start",
  async () => {
    await withSet(async (set) => {
      const unknown = await rejectionOf(() => withServers(optionsOf(set, { masterName: "other" }), async () => {}));
      expect(unknown).toMatchObject({ code: "unavailable" });
      expect(unknown?.detail).toContain('knows no primary called "other"');
      const seeds = set.nodes.map(({ address }) => address);
      const wrong = await rejectionOf(() => withServers({ ...optionsOf(set), seeds }, async () => {}));
      expect(wrong?.detail).toContain("is no Sentinel: name it as valkey://127.0.0.1:");
    });
  },
  PATIENCE_MS,
);
