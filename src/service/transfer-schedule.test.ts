// Backups by the clock, with a store that only writes a file, and time that the test turns.
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import { makeTurnableClock } from "../../test/support/turnable-clock.ts";
import { makeTurnableTimers } from "../../test/support/turnable-timers.ts";
import { toRevision } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Backup } from "../store/store.ts";
import { BackupSchedule, BUSY_RETRY_MS, BUSY_TRIES_MAX, RETRY_MS } from "./transfer-schedule.ts";

const HOUR_MS = 3_600_000;
/** 2027-01-15T08:00:00Z, where the turnable clock begins. */
const FIRST = "keyhold-20270115T080000Z-r1.db";
const AHEAD = "keyhold-20990101T000000Z-r9.db";

async function withSchedule(
  body: (parts: ReturnType<typeof makeParts>) => Promise<void>,
  { kept = 3, intervalMs = HOUR_MS } = {},
): Promise<void> {
  await withTemporaryDirectory(async (parent) => {
    const parts = makeParts(join(parent, "backups"), { kept, intervalMs });
    try {
      await body(parts);
    } finally {
      await parts.schedule().stop();
    }
  });
}

function makeParts(directory: string, { kept, intervalMs }: { readonly kept: number; readonly intervalMs: number }) {
  const clock = makeTurnableClock();
  const timers = makeTurnableTimers(clock.now);
  const errors: unknown[] = [];
  const notRemoved: unknown[] = [];
  const ahead: (readonly string[])[] = [];
  const state = { revision: 0, fault: null as KeyholdError | null };
  const backup: Backup = {
    async writeTo(path) {
      if (state.fault !== null) throw state.fault;
      state.revision++;
      writeFileSync(path, "x".repeat(state.revision));
      const revision = toRevision(state.revision);
      return { bytes: state.revision, revision, incarnation: "a", entries: 0, sha256: "" };
    },
    open: () => Promise.reject(new Error("Nobody asks")),
  };
  const make = () =>
    new BackupSchedule({
      ...{ backup, directory, intervalMs, kept, now: clock.now, timers },
      onMade: () => {},
      onFailed: (error) => errors.push(error),
      onNotRemoved: (error) => notRemoved.push(error),
      onAhead: (names) => ahead.push(names),
    });
  let schedule = make();
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  };
  return {
    ...{ ahead, directory, clock, errors, notRemoved, state, timers },
    schedule: () => schedule,
    names: () => readdirSync(directory).toSorted(),
    async start() {
      schedule.start();
      await settle();
    },
    async restart() {
      await schedule.stop();
      schedule = make();
      schedule.start();
      await settle();
    },
    /** Lets time pass in one step. */
    async turn(ms: number) {
      clock.turn(ms);
      timers.runDue();
      await settle();
    },
    /** Lets time pass in steps of a minute. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 60_000) {
        clock.turn(Math.min(left, 60_000));
        timers.runDue();
        await settle();
      }
    },
  };
}

describe("scheduled backups", () => {
  test("begin at once where there is none, and come at each interval, exactly", async () => {
    await withSchedule(async ({ start, pass, names, schedule, clock }) => {
      await start();
      expect(names()).toEqual([FIRST]);
      await pass(HOUR_MS - 1);
      expect(names().length).toBe(1);
      await pass(1);
      expect(names()).toEqual([FIRST, "keyhold-20270115T090000Z-r2.db"]);
      expect(schedule().figures).toEqual({ lastBackupAt: clock.now(), lastBackupBytes: 2, failures: 0 });
    });
  });

  test("count from the youngest after a restart", async () => {
    await withSchedule(async ({ start, restart, pass, names, schedule }) => {
      await start();
      await pass(HOUR_MS / 2);
      await restart();
      expect(names()).toEqual([FIRST]);
      expect(schedule().figures).toMatchObject({ lastBackupAt: 1_800_000_000_000, lastBackupBytes: 1 });
      await pass(HOUR_MS / 2 - 1);
      expect(names().length).toBe(1);
      await pass(1);
      expect(names().length).toBe(2);
    });
  });

  test("are made once after a restart that comes late", async () => {
    await withSchedule(async ({ start, restart, clock, names }) => {
      await start();
      clock.turn(10 * HOUR_MS);
      await restart();
      expect(names().length).toBe(2);
    });
  });

  test("are kept as many as asked, the youngest, and no file of another name is touched", async () => {
    await withSchedule(async ({ directory, start, pass, names }) => {
      await start();
      const others = ["keyhold-mine.db", "keyhold-20200101T000000Z-r1.db.gz", "a.db"];
      for (const name of others) writeFileSync(join(directory, name), "");
      await pass(4 * HOUR_MS);
      expect(
        names()
          .filter((name) => !others.includes(name))
          .map((name) => name.slice(-5, -3)),
      ).toEqual(["r3", "r4", "r5"]);
      expect(others.every((name) => existsSync(join(directory, name)))).toBe(true);
    });
  });

  test("leave the old ones alone when a new one fails, and are tried again after five minutes", async () => {
    await withSchedule(
      async ({ start, pass, names, state, errors, schedule }) => {
        await start();
        state.fault = new KeyholdError("no-room", "full");
        await pass(HOUR_MS);
        expect([names(), errors.length]).toEqual([[FIRST], 1]);
        await pass(RETRY_MS - 1);
        expect(errors.length).toBe(1);
        await pass(1);
        expect([errors.length, schedule().figures.failures]).toEqual([2, 2]);
        state.fault = null;
        await pass(RETRY_MS);
        expect(names()).toEqual(["keyhold-20270115T091000Z-r2.db"]);
      },
      { kept: 1 },
    );
  });

  test("that meet another copy in the making are tried again soon, and count as failed only when that goes on", async () => {
    await withSchedule(async ({ start, turn, names, state, errors, schedule }) => {
      state.fault = new KeyholdError("busy", "another one is being made");
      await start();
      for (let tries = 1; tries < BUSY_TRIES_MAX - 1; tries++) await turn(BUSY_RETRY_MS);
      expect([errors.length, schedule().figures.failures]).toEqual([0, 0]);
      await turn(BUSY_RETRY_MS);
      expect([errors.length, schedule().figures.failures]).toEqual([1, 1]);
      await turn(RETRY_MS);
      state.fault = null;
      await turn(BUSY_RETRY_MS - 1);
      expect(names()).toEqual([]);
      await turn(1);
      expect([names().length, schedule().figures.failures]).toEqual([1, 1]);
    });
  });

  test("that cannot be removed are told, and the new one counts", async () => {
    await withSchedule(
      async ({ directory, start, pass, names, errors, notRemoved, schedule, clock }) => {
        // A directory is not removed as a file is.
        mkdirSync(join(directory, "keyhold-20200101T000000Z-r0.db"), { recursive: true });
        await start();
        expect([errors.length, notRemoved.length]).toEqual([0, 1]);
        expect(schedule().figures).toEqual({ lastBackupAt: clock.now(), lastBackupBytes: 1, failures: 0 });
        await pass(HOUR_MS - 1);
        expect([names().length, notRemoved.length]).toEqual([2, 1]);
      },
      { kept: 1 },
    );
  });

  test("remove what a kill has left of one, when they start", async () => {
    await withSchedule(async ({ directory, start, restart, names }) => {
      await start();
      for (const left of ["", ".part", ".0123456789abcdef.part"].map((end) => `keyhold-20270101T000000Z.db.part${end}`))
        writeFileSync(join(directory, left), "");
      await restart();
      expect(names()).toEqual([FIRST]);
    });
  });

  test("count from the youngest that is not dated ahead of the clock, and tell of those once", async () => {
    await withSchedule(async ({ ahead, directory, start, restart, pass, names, schedule }) => {
      await start();
      await pass(HOUR_MS / 2);
      writeFileSync(join(directory, AHEAD), "");
      await restart();
      expect(schedule().figures).toMatchObject({ lastBackupAt: 1_800_000_000_000, lastBackupBytes: 1 });
      await pass(HOUR_MS / 2 - 1);
      expect(names().length).toBe(2);
      await pass(1);
      expect(names()).toEqual([FIRST, "keyhold-20270115T090000Z-r2.db", AHEAD]);
      expect(ahead).toEqual([[AHEAD]]);
    });
  });

  test("are made at the start where all that is there is dated ahead of the clock", async () => {
    await withSchedule(async ({ directory, start, names, schedule, clock }) => {
      mkdirSync(directory);
      writeFileSync(join(directory, AHEAD), "");
      await start();
      expect(names()).toEqual([FIRST, AHEAD]);
      expect(schedule().figures.lastBackupAt).toBe(clock.now());
    });
  });

  test.each([
    [1, ["keyhold-20270115T090000Z-r2.db"]],
    [2, [FIRST, "keyhold-20270115T090000Z-r2.db"]],
    [3, [FIRST, "keyhold-20270115T090000Z-r2.db", AHEAD]],
  ])("where %d are kept, those dated ahead go first and the one just made stays", async (kept, left) => {
    await withSchedule(
      async ({ directory, start, pass, names }) => {
        await start();
        for (const name of [AHEAD, "keyhold-20990102T000000Z-r9.db"]) writeFileSync(join(directory, name), "");
        await pass(HOUR_MS);
        expect(names()).toEqual(left);
      },
      { kept },
    );
  });

  test("wait for intervals longer than the runtime's timers", async () => {
    await withSchedule(
      async ({ start, timers, names }) => {
        await start();
        expect([timers.pending, names().length]).toEqual([1, 1]);
      },
      { intervalMs: 365 * 24 * HOUR_MS },
    );
  });
});
