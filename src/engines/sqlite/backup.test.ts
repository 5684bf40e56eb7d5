// What backups leave in the directory of a store, and how many there may be at a time.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustCommit, put } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import type { BackupTerms } from "../../store/store.ts";
import { backUpDirectory, check } from "../archive.ts";
import { OPEN_COPIES_MAX } from "./backup.ts";
import { requireRoom } from "./backup-target.ts";
import { openSqliteStore, type SqliteStore } from "./store.ts";

const ENTRIES = 1000;
/** More than any disk has. */
const HUGE_BYTES = 2 ** 43;
const UNWATCHED: BackupTerms = { onProgress: () => {}, signal: new AbortController().signal };

async function withOpen<T>(directory: string, body: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(sqliteOptions(directory));
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** A store with some entries, and the name of a copy beside it. */
async function withStoreBeside(
  body: (parts: { readonly directory: string; readonly file: string; readonly parent: string }) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (parent) => {
    const directory = join(parent, "store");
    await withOpen(directory, (store) =>
      mustCommit(store, ...Array.from({ length: ENTRIES }, (_, index) => put(`key${index}`, "x".repeat(5000)))),
    );
    await body({ directory, file: join(parent, "copy.db"), parent });
  });
}

describe("the start of a store", () => {
  test("removes what a kill has left of a copy, and no file that is named nearly so", async () => {
    await withTemporaryDirectory(async (directory) => {
      const others = ["copy-mine.db", "copy-0123456789abcdef.db.gz", "copy-0123456789ABCDEF.db", "copy-of-monday.db"];
      for (const name of [...others, "copy-0123456789abcdef.db"]) writeFileSync(join(directory, name), "");
      await withOpen(directory, async () => {
        expect(
          readdirSync(directory)
            .filter((name) => name.startsWith("copy-"))
            .toSorted(),
        ).toEqual(others.toSorted());
      });
    });
  });
});

describe("backups of one directory", () => {
  test("that are made to one name at a time leave a whole one there, and nothing else", async () => {
    await withStoreBeside(async ({ directory, file, parent }) => {
      const both = [1, 2].map(() => backUpDirectory(directory, file, UNWATCHED));
      const [first, second] = await Promise.all(both);
      expect(first?.entries).toBe(ENTRIES);
      expect(second?.entries).toBe(ENTRIES);
      expect(await check({ file }, UNWATCHED)).toMatchObject({ entries: ENTRIES, problems: [] });
      expect(readdirSync(parent).toSorted()).toEqual(["copy.db", "store"]);
    });
  });

  test("are refused where the row that says where the store stands is damaged, of one that is served too", async () => {
    await withStoreBeside(async ({ directory, file, parent }) => {
      const tamper = (revision: string) => {
        const db = new Database(join(directory, "keyhold.db"));
        db.run(`update state set revision = ${revision}`);
        db.close(true);
      };
      const damaged = { code: "damaged-entry", detail: expect.stringContaining("state row") };
      await withOpen(directory, async ({ backup }) => {
        tamper("revision + 1");
        await expect(backup.writeTo(file, UNWATCHED)).rejects.toMatchObject(damaged);
        tamper("revision - 1");
      });
      tamper("revision + 4");
      await expect(backUpDirectory(directory, file, UNWATCHED)).rejects.toMatchObject(damaged);
      expect(readdirSync(parent)).toEqual(["store"]);
    });
  });

  test("are nobody else's to read", async () => {
    await withStoreBeside(async ({ directory, file }) => {
      await backUpDirectory(directory, file, UNWATCHED);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });
  });

  test("are refused where the disk has no room, before anything is written", async () => {
    await withStoreBeside(async ({ directory, file, parent }) => {
      // A hole: it has the length and takes no room.
      truncateSync(join(directory, "keyhold.db"), HUGE_BYTES);
      await expect(backUpDirectory(directory, file, UNWATCHED)).rejects.toMatchObject({ code: "no-room" });
      expect(readdirSync(parent)).toEqual(["store"]);
    });
  });
});

describe("the room for a copy", () => {
  test("is that of the database and its log", async () => {
    await withStoreBeside(async ({ directory, file }) => {
      await withOpen(directory, async ({ files }) => {
        expect(() => requireRoom(files, file, 0)).not.toThrow();
        const log = join(directory, "other-log");
        writeFileSync(log, "");
        truncateSync(log, HUGE_BYTES);
        expect(() => requireRoom({ ...files, log }, file, 0)).toThrow("KiB are needed; make room");
        expect(() => requireRoom(files, file, HUGE_BYTES)).toThrow("--disk-reserve included");
      });
    });
  });
});

describe("copies without a name", () => {
  test(`may be ${OPEN_COPIES_MAX} at a time, and another one when one is closed`, async () => {
    await withStoreBeside(async ({ directory }) => {
      await withOpen(directory, async ({ backup }) => {
        const copies = [];
        for (let count = 0; count < OPEN_COPIES_MAX; count++) copies.push(await backup.open(UNWATCHED));
        await expect(backup.open(UNWATCHED)).rejects.toMatchObject({
          code: "busy",
          data: { limit: OPEN_COPIES_MAX },
        });
        copies[0]?.close();
        copies[0]?.close();
        copies.push(await backup.open(UNWATCHED));
        await expect(backup.open(UNWATCHED)).rejects.toMatchObject({ code: "busy" });
        for (const copy of copies) copy.close();
      });
    });
  });

  test("wait for no other copy that is being made: they are refused as busy", async () => {
    await withStoreBeside(async ({ directory, file }) => {
      await withOpen(directory, async ({ backup }) => {
        const first = backup.writeTo(file, UNWATCHED);
        await expect(backup.open(UNWATCHED)).rejects.toThrow("another one is being made");
        await first;
        (await backup.open(UNWATCHED)).close();
      });
    });
  });
});
