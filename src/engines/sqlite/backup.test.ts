// What backups leave in the directory of a store, and how many there may be at a time.
import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { openSqliteStore, type SqliteStore } from "./store.ts";

async function withOpen<T>(directory: string, body: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(sqliteOptions(directory));
  try {
    return await body(store);
  } finally {
    await store.close();
  }
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
