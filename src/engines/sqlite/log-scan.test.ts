// Damage in a real log, made by SQLite and copied while its store was open, as a crash would leave it.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rejectionOf } from "../../../test/support/rejection-code.ts";
import { keyOf, mustCommit, put, textOf } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { requireSoundDatabase } from "../../../test/support/sqlite-invariants.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { closeWhole, type Durability } from "./database.ts";
import { PAGE_BYTES, type StoreFiles, storeFiles } from "./layout.ts";
import { scanLog } from "./log-scan.ts";
import { openSqliteStore } from "./store.ts";

const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;
const COMMITS = 8;

/** A directory as a server killed after COMMITS commits leaves it. */
async function withCrashedStore(body: (files: StoreFiles) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (parent) => {
    const store = await openSqliteStore(sqliteOptions(join(parent, "running")));
    const files = storeFiles(join(parent, "crashed"));
    mkdirSync(files.directory);
    for (let index = 1; index <= COMMITS; index++) await mustCommit(store, put(`k${index}`));
    for (const name of ["database", "log", "holder"] as const) copyFileSync(store.files[name], files[name]);
    await store.close();
    await body(files);
  });
}

function flipBit(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  writeFileSync(path, bytes);
}

function frameCount({ log }: StoreFiles): number {
  return (statSync(log).size - HEADER_BYTES) / FRAME_BYTES;
}

/** Which of the keys are there after opening. */
async function reopenedKeys(files: StoreFiles, durability: Durability = "full"): Promise<readonly string[]> {
  const store = await openSqliteStore(sqliteOptions(files.directory, { durability }));
  const names = Array.from({ length: COMMITS }, (_, index) => `k${index + 1}`);
  const there = names.filter((name) => textOf(store.get(keyOf(name))?.value) === name);
  await store.close();
  requireSoundDatabase(files.directory);
  return there;
}

async function refusal(files: StoreFiles): Promise<string> {
  const error = await rejectionOf(() => openSqliteStore(sqliteOptions(files.directory)));
  expect(error?.code).toBe("unavailable");
  return error?.detail ?? "";
}

describe("a log without damage", () => {
  test("is recovered whole", async () => {
    await withCrashedStore(async (files) => {
      expect(scanLog(files.log)).toEqual({ recoveredFrames: frameCount(files), droppedCommits: 0, droppedFrames: 0 });
      expect(await reopenedKeys(files)).toHaveLength(COMMITS);
    });
  });

  test("that is missing, empty or shorter than its header has nothing to drop", async () => {
    await withCrashedStore(async (files) => {
      const nothing = { recoveredFrames: 0, droppedCommits: 0, droppedFrames: 0 };
      expect(scanLog(join(files.directory, "none"))).toEqual(nothing);
      truncateSync(files.log, HEADER_BYTES - 1);
      expect(scanLog(files.log)).toEqual(nothing);
      truncateSync(files.log, 0);
      expect(scanLog(files.log)).toEqual(nothing);
    });
  });

  test("holds frames of an earlier generation behind its own, which are no loss", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(join(directory, "running"), { sweepIntervalMs: 5 }));
      for (let index = 0; index < 30; index++) await mustCommit(store, put(`k${index}`, new Uint8Array(9000)));
      const before = scanLog(store.files.log);
      // Upkeep brings the log in once the store is idle; the next commits then begin it anew, over the old frames.
      while (scanLog(store.files.log).recoveredFrames >= before.recoveredFrames) {
        await Bun.sleep(5);
        await mustCommit(store, put("next"));
      }
      expect(statSync(store.files.log).size).toBeGreaterThan(before.recoveredFrames * FRAME_BYTES - 1);
      expect(scanLog(store.files.log).droppedCommits).toBe(0);
      await store.close();
    });
  });
});

describe("a log cut off at its end", () => {
  test("in the middle of its last frame is accepted without the commit of that frame", async () => {
    await withCrashedStore(async (files) => {
      truncateSync(files.log, statSync(files.log).size - 100);
      expect(scanLog(files.log).droppedCommits).toBe(0);
      expect(await reopenedKeys(files)).toHaveLength(COMMITS - 1);
    });
  });

  test("with a torn last frame is accepted as one unfinished commit", async () => {
    await withCrashedStore(async (files) => {
      flipBit(files.log, statSync(files.log).size - 100);
      expect(scanLog(files.log)).toMatchObject({ droppedCommits: 0 });
      expect(scanLog(files.log).droppedFrames).toBeGreaterThan(0);
      expect(await reopenedKeys(files)).toHaveLength(COMMITS - 1);
    });
  });
});

/** Offsets of the frames of the last commit, and the offset behind them. */
function lastCommit(files: StoreFiles): readonly number[] {
  const log = readFileSync(files.log);
  const offsets = Array.from({ length: frameCount(files) + 1 }, (_, frame) => HEADER_BYTES + frame * FRAME_BYTES);
  const ends = offsets.slice(0, -1).filter((offset) => log.readUInt32BE(offset + 4) !== 0);
  return offsets.filter((offset) => offset > (ends.at(-2) ?? 0));
}

describe("the last commit of a log, torn by a crash", () => {
  test("is no damage where the head of one frame begins as that of an earlier generation, commit mark and all", async () => {
    await withCrashedStore(async (files) => {
      const [first = 0] = lastCommit(files);
      const log = readFileSync(files.log);
      // A sector ends between the first 8 octets of the head and its salts: what stood there was the end of a commit.
      log.writeUInt32BE(1, first);
      log.writeUInt32BE(9, first + 4);
      writeFileSync(files.log, log);
      expect(scanLog(files.log).droppedCommits).toBe(1);
      expect(await reopenedKeys(files)).toHaveLength(COMMITS - 1);
    });
  });

  test("is damage where the commit before it is, whichever frame of that", async () => {
    await withCrashedStore(async (files) => {
      const [first = 0] = lastCommit(files);
      const log = readFileSync(files.log);
      for (const offset of [4, 8, 12, 16, 20, 24, 2000, FRAME_BYTES - 1]) {
        writeFileSync(files.log, log);
        flipBit(files.log, first - FRAME_BYTES + offset);
        expect({ offset, ...scanLog(files.log) }).toMatchObject({ offset, droppedCommits: 2 });
      }
    });
  });
});

describe("the one commit that a crash has left unfinished", () => {
  test("is no damage where its last page is in the log twice, as it was written there when the cache was full", () => {
    return withTemporaryDirectory((directory) => {
      const db = new Database(join(directory, "large.db"));
      // So few pages that the transaction goes to the log before its end.
      for (const setting of ["journal_mode = wal", "wal_autocheckpoint = 0", "cache_size = 20"])
        db.run(`pragma ${setting}`);
      db.run("create table rows (id integer primary key, value blob)");
      db.run(
        "insert into rows select value, zeroblob(300) from (with recursive n(value) as (select 1 union all select value + 1 from n limit 2000) select value from n)",
      );
      const log = join(directory, "large.db-wal");
      const before = readFileSync(log).length;
      db.run("begin");
      // The highest page, which is the last to be written, before the others and behind them.
      db.run("update rows set value = randomblob(300) where id = 2000");
      db.run("update rows set value = randomblob(300) where id < 1900");
      db.run("update rows set value = randomblob(300) where id = 2000");
      db.run("commit");
      const torn = join(directory, "torn");
      copyFileSync(log, torn);
      closeWhole(db);
      // The second frame: the first is that page.
      flipBit(torn, before + 2 * FRAME_BYTES - 1);
      expect(scanLog(torn)).toMatchObject({ droppedCommits: 1 });
    });
  });
});

describe("a log with one bit flipped", () => {
  const places: Record<string, number> = {
    "in the page of an early frame": HEADER_BYTES + 24 + 1000,
    "in the page number of an early frame": HEADER_BYTES + 3,
    "in the commit mark of an early frame": HEADER_BYTES + 7,
    "in the salt of an early frame": HEADER_BYTES + 8,
    "in the checksum of an early frame": HEADER_BYTES + 16,
    "in the magic number of its header": 0,
    "in the byte order of its header": 3,
    "in the page size of its header": 10,
    "in the first salt of its header": 19,
    "in the second salt of its header": 20,
    "in the checksum of its header": 24,
  };
  for (const [place, offset] of Object.entries(places)) {
    test(`${place} is refused with a sentence, and left as it is`, async () => {
      await withCrashedStore(async (files) => {
        flipBit(files.log, offset);
        const damaged = readFileSync(files.log);
        expect(scanLog(files.log).droppedCommits).toBeGreaterThanOrEqual(2);
        expect(await refusal(files)).toMatch(
          /its log .* is damaged after frame \d+, and \d+ commits .* restore a backup/,
        );
        expect(readFileSync(files.log).equals(damaged)).toBe(true);
      });
    });
  }

  for (const [place, offset, length] of [
    ["both salts of its header", 16, 8],
    ["its header", 0, HEADER_BYTES],
    ["its first 4 KiB", 0, 4096],
  ] as const) {
    test(`is refused with ${place} zeroed as well`, async () => {
      await withCrashedStore(async (files) => {
        const log = readFileSync(files.log);
        writeFileSync(files.log, log.fill(0, offset, offset + length));
        expect(scanLog(files.log).droppedCommits).toBeGreaterThanOrEqual(2);
        expect(await refusal(files)).toMatch(/is damaged after frame 0/);
      });
    });
  }

  test("counts no commits in zeros behind it", async () => {
    await withCrashedStore(async (files) => {
      flipBit(files.log, 0);
      const { droppedCommits } = scanLog(files.log);
      const zeros = Buffer.alloc(FRAME_BYTES * 4);
      writeFileSync(files.log, Buffer.concat([readFileSync(files.log), zeros]));
      expect(scanLog(files.log).droppedCommits).toBe(droppedCommits);
    });
  });

  test("is refused again, and accepted once the bit is set right", async () => {
    await withCrashedStore(async (files) => {
      flipBit(files.log, HEADER_BYTES + 1000);
      await refusal(files);
      await refusal(files);
      flipBit(files.log, HEADER_BYTES + 1000);
      expect(await reopenedKeys(files)).toHaveLength(COMMITS);
    });
  });

  test("in the salt of the last commit but one is refused, as both would be dropped", async () => {
    await withCrashedStore(async (files) => {
      const { recoveredFrames } = scanLog(files.log);
      const log = readFileSync(files.log);
      const isCommit = (frame: number) => log.readUInt32BE(HEADER_BYTES + frame * FRAME_BYTES + 4) !== 0;
      const frame = Array.from({ length: recoveredFrames - 1 }, (_, index) => index).findLast(isCommit) ?? 0;
      flipBit(files.log, HEADER_BYTES + frame * FRAME_BYTES + 8);
      expect(await refusal(files)).toMatch(/and 2 commits behind the damage/);
    });
  });

  test("in the last commit is told when the store is opened without it", async () => {
    await withCrashedStore(async (files) => {
      flipBit(files.log, statSync(files.log).size - 100);
      const store = await openSqliteStore(sqliteOptions(files.directory));
      expect([store.droppedFrames > 0, store.get(keyOf(`k${COMMITS}`))]).toEqual([true, null]);
      await store.close();
    });
  });

  test("is accepted where commits are not synced, without what stands behind it", async () => {
    await withCrashedStore(async (files) => {
      const middle = HEADER_BYTES + Math.floor(frameCount(files) / 2) * FRAME_BYTES;
      flipBit(files.log, middle + 100);
      const there = await reopenedKeys(files, "relaxed");
      expect(there.length).toBeGreaterThan(0);
      expect(there.length).toBeLessThan(COMMITS - 1);
    });
  });
});
