// What the check of a backup or of a store says of damage at chosen places; test/torture draws them at random.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endsAt, mustCommit, put } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import type { BackupTerms } from "../../store/store.ts";
import { check } from "../archive.ts";
import { openSqliteStore } from "./store.ts";

const UNWATCHED: BackupTerms = { onProgress: () => {}, signal: new AbortController().signal };
const ONCE = { id: "ab".repeat(32), fingerprint: "cd".repeat(32) };

/** A backup with entries of all sizes, and a record. */
async function makeBackup(directory: string): Promise<string> {
  const file = join(directory, "copy.db");
  const store = await openSqliteStore(sqliteOptions(join(directory, "store")));
  try {
    for (let index = 0; index < 60; index++) {
      const value = new Uint8Array(index * index * 3).fill(index);
      await mustCommit(store, put(`key${index}`, value, { form: "bytes", expiry: endsAt(4e12 + index) }));
    }
    const { makeBatch } = await import("../../core/batch.ts");
    await store.commit(makeBatch([put("named")]), { once: { ...ONCE, at: store.now() }, otherwise: [] });
    await store.backup.writeTo(file, UNWATCHED);
  } finally {
    await store.close();
  }
  return file;
}

describe("the check of a backup", () => {
  test("finds a flipped byte in the definition of the table that holds the digest", async () => {
    await withTemporaryDirectory(async (directory) => {
      const file = await makeBackup(directory);
      const bytes = readFileSync(file);
      const position = bytes.indexOf("check (id = 1),\n      digest");
      expect(position).toBeGreaterThan(0);
      bytes[position + "check (id ".length] = "-".charCodeAt(0);
      writeFileSync(file, bytes);
      expect((await check({ file }, UNWATCHED)).problems).toEqual([
        "The definition of its table backup is not what was written",
      ]);
    });
  });

  test("finds a file that was cut short", async () => {
    await withTemporaryDirectory(async (directory) => {
      const file = await makeBackup(directory);
      writeFileSync(file, readFileSync(file).subarray(0, -4096));
      expect((await check({ file }, UNWATCHED)).problems.length).toBeGreaterThan(0);
    });
  });

  test("finds what is no database of ours, and an empty file", async () => {
    await withTemporaryDirectory(async (directory) => {
      const file = join(directory, "other.db");
      for (const text of ["", "no database at all, and long enough to be read as the head of one".repeat(99)]) {
        writeFileSync(file, text);
        expect((await check({ file }, UNWATCHED)).kind).toBeNull();
        expect((await check({ file }, UNWATCHED)).problems.length).toBe(1);
      }
    });
  });
});

test("the check of a backup that is a directory, or not there, says so", async () => {
  await withTemporaryDirectory(async (directory) => {
    await expect(check({ file: directory }, UNWATCHED)).rejects.toThrow("it is a directory");
    await expect(check({ file: join(directory, "a") }, UNWATCHED)).rejects.toThrow("there is no such file");
  });
});

describe("the check of a store", () => {
  test("reads one that a server holds, with what stands in its log alone", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory));
      await mustCommit(store, put("a"), put("b"));
      expect(await check({ directory }, UNWATCHED)).toMatchObject({
        kind: "store",
        entries: 2,
        revision: 1,
        problems: [],
      });
      await store.close();
      expect(await check({ directory }, UNWATCHED)).toMatchObject({ entries: 2, problems: [] });
    });
  });

  test("names the entry whose value has changed", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory));
      await mustCommit(store, put("a"), put("b"));
      await store.close();
      const db = new Database(store.files.database);
      db.run("update entries set value = x'00' where key = x'62'");
      db.close(true);
      const { problems } = await check({ directory }, UNWATCHED);
      expect(problems).toEqual(['The entry "b" does not match its checksum']);
    });
  });

  test("is refused where there is none", async () => {
    await withTemporaryDirectory(async (directory) => {
      await expect(check({ directory }, UNWATCHED)).rejects.toMatchObject({ code: "unavailable" });
    });
  });
});
