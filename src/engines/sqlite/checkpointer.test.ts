// What the writer hears of its checkpoint thread, and what that leaves behind.
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { put } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { makeBatch } from "../../core/batch.ts";
import { Checkpointer } from "./checkpointer.ts";
import { PAGE_BYTES, storeFiles } from "./layout.ts";
import { openSqliteStore } from "./store.ts";
import { LOG_PAGES_MAX } from "./upkeep.ts";

const ENDING = new URL("../../../test/support/ending-thread.ts", import.meta.url);
const OPEN_FILES = "/proc/self/fd";
const VALUE_BYTES = 1024 * 1024;

test("a checkpoint thread that ends by itself is a failure, and is not waited for at the stop", async () => {
  const failed = Promise.withResolvers<string>();
  const options = { files: storeFiles("/nowhere"), durability: "full", lastPages: 1, onDone: () => {} } as const;
  const checkpointer = new Checkpointer({ ...options, onFailure: failed.resolve }, ENDING);
  checkpointer.start();
  expect(await failed.promise).toBe("its thread ended by itself");
  expect(checkpointer.isRunning).toBe(true);
  const end = await checkpointer.close();
  await end();
});

test.skipIf(!existsSync(OPEN_FILES))(
  "a store whose log has been long leaves no file open once it is closed",
  async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory));
      for (let bytes = 0; bytes <= LOG_PAGES_MAX * PAGE_BYTES; bytes += VALUE_BYTES)
        await store.commit(makeBatch([put(`k${bytes}`, new Uint8Array(VALUE_BYTES))]));
      await store.close();
      expect(openFilesIn(directory)).toEqual([]);
    });
  },
);

function openFilesIn(directory: string): readonly string[] {
  return readdirSync(OPEN_FILES)
    .map((file) => (existsSync(`${OPEN_FILES}/${file}`) ? readlinkSync(`${OPEN_FILES}/${file}`) : ""))
    .filter((path) => path.startsWith(directory));
}
