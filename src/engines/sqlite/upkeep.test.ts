// What the writer does when nobody asks, under a clock that the test turns.
import { describe, expect, test } from "bun:test";
import { renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { ENDED, endsIn, put } from "../../../test/support/requests.ts";
import { type WriterUnderTest, withWriter } from "../../../test/support/sqlite-writer.ts";
import { type Mutation, makeBatch, UNNAMED } from "../../core/batch.ts";
import type { LogMover } from "./checkpointer.ts";
import { closeWhole, openReader } from "./database.ts";
import { LAST_PAGES, LOG_PAGES_END, LOG_PAGES_MAX, Upkeep } from "./upkeep.ts";

const HOUR_MS = 3_600_000;

/** Moves when the test says so. */
class HeldMover implements LogMover {
  isRunning = false;
  readonly #parts: WriterUnderTest;
  waits = 0;

  constructor(parts: WriterUnderTest) {
    this.#parts = parts;
  }

  start(): void {
    this.isRunning = true;
  }

  wait(): void {
    this.waits++;
    this.isRunning = false;
  }

  /** Brings in what stands in the log, and is done. */
  move(): void {
    this.#parts.db.run("pragma wal_checkpoint(passive)");
    this.isRunning = false;
  }
}

function upkeepOf(
  parts: WriterUnderTest,
  { historyAgeMs = HOUR_MS, historyChanges = 1_000_000, mover = new HeldMover(parts) } = {},
): Upkeep {
  const { db, files, writer, tally, clock } = parts;
  const steadyMs = () => 0;
  const bounds = { historyAgeMs, historyChanges, idempotencyAgeMs: HOUR_MS };
  return new Upkeep({ db, files, writer, tally, mover, now: clock.now, steadyMs, ...bounds });
}

/** Commits until the log has so many pages, each time with what comes after a commit. */
function fillLog(parts: WriterUnderTest, upkeep: Upkeep, pages: number): void {
  for (let index = 0; (logPages(parts)?.log ?? 0) < pages; index++) {
    commitTo(parts, put(`k${index % 4}`, new Uint8Array(1024 * 1024)));
    upkeep.afterCommits();
  }
}

function commitTo({ apply }: WriterUnderTest, ...mutations: readonly Mutation[]): void {
  apply([{ kind: "commit", batch: makeBatch(mutations), ...UNNAMED }]);
}

function names(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `k${from + index}`);
}

function loggedSequences({ db }: WriterUnderTest): readonly number[] {
  const rows = db.prepare<{ sequence: number }, []>("select sequence from changes order by sequence").all();
  return rows.map(({ sequence }) => sequence);
}

/** Pages in the log, and how many of them are in the database. */
function logPages({ db }: WriterUnderTest) {
  return db.prepare<{ log: number; checkpointed: number }, []>("pragma wal_checkpoint(noop)").get();
}

describe("sweeping", () => {
  test("removes entries from their instant on, and none before it", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts);
      commitTo(parts, put("a", "", { expiry: endsIn(1000) }), put("b", "", { expiry: endsIn(1001) }), put("c"));
      parts.clock.turn(999);
      upkeep.tick();
      expect(parts.writer.figures).toEqual({ entries: 3, revision: 1, sequence: 3, records: 0, recordBytes: 0 });
      parts.clock.turn(1);
      upkeep.tick();
      expect(parts.writer.figures).toEqual({ entries: 2, revision: 2, sequence: 4, records: 0, recordBytes: 0 });
      parts.clock.turn(HOUR_MS);
      upkeep.tick();
      expect(parts.writer.figures).toEqual({ entries: 1, revision: 3, sequence: 5, records: 0, recordBytes: 0 });
    });
  });

  test("takes no revision where there is nothing to sweep", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts);
      commitTo(parts, put("a"));
      upkeep.tick();
      upkeep.tick();
      expect(parts.writer.figures).toEqual({ entries: 1, revision: 1, sequence: 1, records: 0, recordBytes: 0 });
      expect(parts.db.inTransaction).toBe(false);
    });
  });

  test("goes by slices, and asks to go on at once while there is more", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts);
      const ended = (from: number, count: number) => names(count, from).map((name) => put(name, "", { expiry: ENDED }));
      commitTo(parts, ...ended(0, 1000));
      commitTo(parts, ...ended(1000, 1000));
      commitTo(parts, ...ended(2000, 1));
      const rounds = [1, 2, 3].map(() => ({ hasMore: upkeep.tick(), left: parts.writer.figures.entries }));
      expect(rounds).toEqual([
        { hasMore: true, left: 1001 },
        { hasMore: true, left: 1 },
        { hasMore: false, left: 0 },
      ]);
    });
  });
});

describe("trimming the change log", () => {
  test("drops changes older than their age, and none as old as it", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts, { historyAgeMs: 1000 });
      commitTo(parts, put("a"), put("b"));
      parts.clock.turn(1);
      commitTo(parts, put("c"));
      parts.clock.turn(999);
      upkeep.tick();
      expect(loggedSequences(parts)).toEqual([1, 2, 3]);
      parts.clock.turn(1);
      upkeep.tick();
      expect(loggedSequences(parts)).toEqual([3]);
      parts.clock.turn(1000);
      upkeep.tick();
      expect(loggedSequences(parts)).toEqual([]);
      commitTo(parts, put("d"));
      expect(loggedSequences(parts)).toEqual([4]);
    });
  });

  test("keeps as many changes as allowed, the newest", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts, { historyChanges: 3 });
      commitTo(parts, ...names(3).map((name) => put(name)));
      upkeep.tick();
      expect(loggedSequences(parts)).toEqual([1, 2, 3]);
      commitTo(parts, ...names(2).map((name) => put(name)));
      upkeep.tick();
      expect(loggedSequences(parts)).toEqual([3, 4, 5]);
    });
  });

  test("goes by slices, and asks to go on at once while there is more", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts, { historyChanges: 0 });
      for (let part = 0; part < 6; part++) commitTo(parts, ...names(1000).map((name) => put(name, "")));
      expect(upkeep.tick()).toBe(true);
      expect(loggedSequences(parts)).toHaveLength(1000);
      expect(upkeep.tick()).toBe(false);
      expect(loggedSequences(parts)).toEqual([]);
    });
  });
});

describe("checkpoints", () => {
  test("wait for a tick in which nothing was committed", async () => {
    await withWriter((parts) => {
      const upkeep = upkeepOf(parts);
      for (let round = 0; round < 3; round++) {
        commitTo(parts, put("a", `${round}`));
        upkeep.tick();
        expect(logPages(parts)?.checkpointed).toBeLessThan(logPages(parts)?.log ?? 0);
      }
      upkeep.tick();
      expect(logPages(parts)?.checkpointed).toBe(logPages(parts)?.log ?? -1);
    });
  });

  test("are left to the mover once the log is long, but for the last of it, and then it begins anew", async () => {
    await withWriter((parts) => {
      const mover = new HeldMover(parts);
      const upkeep = upkeepOf(parts, { mover });
      fillLog(parts, upkeep, LOG_PAGES_MAX - 300);
      expect(mover.isRunning).toBe(false);
      fillLog(parts, upkeep, LOG_PAGES_MAX + 1000);
      expect([mover.isRunning, logPages(parts)?.checkpointed]).toEqual([true, 0]);
      // Somebody who reads keeps the log from beginning anew.
      const reading = openReader(parts.files);
      reading.run("begin");
      reading.prepare("select count(*) from state").get();
      mover.move();
      commitTo(parts, put("meanwhile", new Uint8Array(1024 * 1024)));
      closeWhole(reading);
      const left = logPages(parts);
      expect((left?.log ?? 0) - (left?.checkpointed ?? 0)).toBeWithin(1, LAST_PAGES);
      upkeep.afterCommits();
      expect([mover.isRunning, logPages(parts)?.checkpointed]).toEqual([false, logPages(parts)?.log]);
      const { size } = statSync(parts.files.log);
      commitTo(parts, put("next"));
      expect(logPages(parts)?.log).toBeLessThan(20);
      expect(statSync(parts.files.log).size).toBeLessThanOrEqual(size);
    });
  });

  test("are not begun again without end while somebody who reads holds the log, but when it has grown", async () => {
    await withWriter((parts) => {
      const mover = new HeldMover(parts);
      const upkeep = upkeepOf(parts, { mover });
      commitTo(parts, put("before"));
      const reading = openReader(parts.files);
      reading.run("begin");
      reading.prepare("select count(*) from state").get();
      fillLog(parts, upkeep, LOG_PAGES_MAX);
      expect(mover.isRunning).toBe(true);
      // The first brings in what the reader sees, and the next nothing.
      for (let moves = 0; moves < 2; moves++) {
        mover.move();
        upkeep.afterCommits();
      }
      expect(mover.isRunning).toBe(false);
      commitTo(parts, put("more", new Uint8Array(LAST_PAGES * 4096)));
      upkeep.afterCommits();
      expect(mover.isRunning).toBe(true);
      closeWhole(reading);
      mover.move();
      upkeep.afterCommits();
      expect([mover.isRunning, logPages(parts)?.checkpointed]).toEqual([false, logPages(parts)?.log]);
    });
  });

  test("are waited for where commits come faster than the mover moves", async () => {
    await withWriter((parts) => {
      const mover = new HeldMover(parts);
      const upkeep = upkeepOf(parts, { mover });
      fillLog(parts, upkeep, LOG_PAGES_END - 300);
      expect([mover.isRunning, mover.waits, logPages(parts)?.checkpointed]).toEqual([true, 0, 0]);
      commitTo(parts, put("last", new Uint8Array(2 * 1024 * 1024)));
      upkeep.afterCommits();
      expect([mover.waits, logPages(parts)?.checkpointed]).toEqual([1, logPages(parts)?.log]);
    });
  });
});

describe("a database file that is no longer there", () => {
  const takenAway: Record<string, (parts: WriterUnderTest) => void> = {
    removed: ({ files }) => unlinkSync(files.database),
    renamed: ({ files }) => renameSync(files.database, `${files.database}.old`),
    replaced: ({ files }) => {
      writeFileSync(`${files.database}.new`, "another");
      renameSync(`${files.database}.new`, files.database);
    },
  };
  for (const [what, take] of Object.entries(takenAway)) {
    test(`ends the use of the store when it has been ${what}`, async () => {
      await withWriter((parts) => {
        const upkeep = upkeepOf(parts);
        upkeep.tick();
        expect(parts.fatalReasons).toEqual([]);
        take(parts);
        upkeep.tick();
        upkeep.tick();
        expect(parts.fatalReasons).toEqual([
          `Cannot go on: ${parts.files.database} has been removed or replaced while this server uses it`,
        ]);
        const answers = parts.apply([{ kind: "commit", batch: makeBatch([put("a")]), ...UNNAMED }]).flat();
        expect(answers).toMatchObject([{ kind: "failed", error: { code: "unavailable" } }]);
      });
    });
  }
});
