// Who may open a store's directory, and when.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rejectionOf } from "../../../test/support/rejection-code.ts";
import { keyOf, mustCommit, put } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { lockStore, prepareDirectory } from "./directory.ts";
import { storeFiles } from "./layout.ts";
import { openSqliteStore } from "./store.ts";

const NOW = new Date(1_800_000_000_000);

describe("the directory of a store", () => {
  test("is made with its parents, for its owner alone", async () => {
    await withTemporaryDirectory((parent) => {
      const files = storeFiles(join(parent, "one", "two"));
      prepareDirectory(files, { allowNetworkFileSystem: false, durability: "full" });
      expect(statSync(files.directory).mode & 0o777).toBe(0o700);
      prepareDirectory(files, { allowNetworkFileSystem: false, durability: "full" });
    });
  });

  test("that is a file is refused with a sentence", async () => {
    await withTemporaryDirectory(async (parent) => {
      const path = join(parent, "file");
      writeFileSync(path, "");
      const error = await rejectionOf(() => openSqliteStore(sqliteOptions(path)));
      expect(error?.code).toBe("unavailable");
      expect(error?.detail).toContain(`Cannot open ${path}`);
    });
  });
});

describe("the lock of a store", () => {
  test("refuses a second server, naming the process that holds it and since when", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory));
      const error = await rejectionOf(() => openSqliteStore(sqliteOptions(directory)));
      expect(error?.code).toBe("unavailable");
      expect(error?.detail).toMatch(new RegExp(`process id ${process.pid}, started \\d{4}-.*; stop that one first`));
      await mustCommit(store, put("a"));
      await store.close();
    });
  });

  test("lets the next server in once it is released, and can be released twice", async () => {
    await withTemporaryDirectory(async (directory) => {
      const files = storeFiles(directory);
      const lock = lockStore(files, NOW);
      expect(await rejectionOf(() => lockStore(files, NOW))).not.toBeNull();
      lock.release();
      lock.release();
      lockStore(files, NOW).release();
    });
  });

  test("is taken though another asks for it in the same moment", async () => {
    await withTemporaryDirectory(async (directory) => {
      const files = storeFiles(directory);
      lockStore(files, NOW).release();
      // As far as one that asks comes before it is refused.
      const script = `
        import { Database } from "bun:sqlite";
        const lock = new Database(${JSON.stringify(files.lock)});
        lock.run("begin");
        lock.query("select count(*) from sqlite_schema").get();
        console.log("asking");
        setTimeout(() => process.exit(0), 100);`;
      const other = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
      expect(new TextDecoder().decode((await other.stdout.getReader().read()).value)).toBe("asking\n");
      lockStore(files, NOW).release();
      expect(await other.exited).toBe(0);
    });
  });

  test("refuses another process, and is free as soon as its holder is killed", async () => {
    await withTemporaryDirectory(async (directory) => {
      const script = `
        import { lockStore } from ${JSON.stringify(join(import.meta.dir, "directory.ts"))};
        import { storeFiles } from ${JSON.stringify(join(import.meta.dir, "layout.ts"))};
        lockStore(storeFiles(${JSON.stringify(directory)}), new Date());
        console.log("locked");
        setInterval(() => Bun.gc(true), 5);`;
      const holder = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
      try {
        expect(new TextDecoder().decode((await holder.stdout.getReader().read()).value)).toBe("locked\n");
        for (let attempt = 0; attempt < 5; attempt++) {
          const error = await rejectionOf(() => lockStore(storeFiles(directory), NOW));
          expect(error?.detail).toContain(`process id ${holder.pid}`);
          await Bun.sleep(5);
        }
      } finally {
        holder.kill("SIGKILL");
        await holder.exited;
      }
      lockStore(storeFiles(directory), NOW).release();
    });
  });

  test("whose file is no database is refused for that, not as if a server held it", async () => {
    await withTemporaryDirectory(async (directory) => {
      const files = storeFiles(directory);
      writeFileSync(files.lock, "not a database, and longer than the header of one: ".repeat(20));
      const error = await rejectionOf(() => lockStore(files, NOW));
      expect(error?.code).toBe("unavailable");
      expect(error?.detail).toContain(files.lock);
      expect(error?.detail).not.toContain("holds it");
    });
  });

  test("does not name a process that is gone where the holder has not said yet who it is", async () => {
    await withTemporaryDirectory(async (directory) => {
      const files = storeFiles(directory);
      const ended = Bun.spawn([process.execPath, "-e", ""]);
      await ended.exited;
      const lock = lockStore(files, NOW);
      writeFileSync(files.holder, JSON.stringify({ pid: ended.pid, since: "2026-01-01T00:00:00Z", incarnation: null }));
      const error = await rejectionOf(() => lockStore(files, NOW));
      expect(error?.detail).toContain("another server holds it (the last to say so had process id");
      expect(error?.detail).toContain("stop that one first");
      expect(error?.data).toEqual({ holder: null });
      lock.release();
    });
  });

  test("says who holds it even where the holder's note is unreadable", async () => {
    await withTemporaryDirectory(async (directory) => {
      const files = storeFiles(directory);
      const lock = lockStore(files, NOW);
      writeFileSync(files.holder, "{ torn");
      expect((await rejectionOf(() => lockStore(files, NOW)))?.detail).toContain("another server holds it");
      lock.release();
    });
  });

  test("is not kept by a server that could not be opened", async () => {
    await withTemporaryDirectory(async (directory) => {
      const files = storeFiles(directory);
      writeFileSync(files.database, "random bytes ".repeat(100));
      expect(await rejectionOf(() => openSqliteStore(sqliteOptions(directory)))).not.toBeNull();
      lockStore(files, NOW).release();
    });
  });
});

describe("a database that was there", () => {
  const withUsedStore = (body: (directory: string) => Promise<void>) =>
    withTemporaryDirectory(async (directory) => {
      const store = await openSqliteStore(sqliteOptions(directory));
      await mustCommit(store, put("a"));
      await store.close();
      await body(directory);
    });

  test("and is missing is refused, not begun anew", async () => {
    await withUsedStore(async (directory) => {
      const files = storeFiles(directory);
      rmSync(files.database);
      const error = await rejectionOf(() => openSqliteStore(sqliteOptions(directory)));
      expect(error?.code).toBe("unavailable");
      expect(error?.detail).toContain("missing or empty; restore it from a backup");
      expect(existsSync(files.database)).toBe(false);
    });
  });

  test("and is empty is refused, not begun anew", async () => {
    await withUsedStore(async (directory) => {
      const files = storeFiles(directory);
      writeFileSync(files.database, "");
      expect((await rejectionOf(() => openSqliteStore(sqliteOptions(directory))))?.code).toBe("unavailable");
      expect(readFileSync(files.database)).toHaveLength(0);
    });
  });

  test("and is missing is begun anew once the holder's note is removed", async () => {
    await withUsedStore(async (directory) => {
      const files = storeFiles(directory);
      for (const path of [files.database, files.holder]) rmSync(path);
      const store = await openSqliteStore(sqliteOptions(directory));
      expect(store.get(keyOf("a"))).toBeNull();
      await store.close();
    });
  });

  test("is remembered by its incarnation", async () => {
    await withUsedStore(async (directory) => {
      expect(JSON.parse(readFileSync(storeFiles(directory).holder, "utf8"))).toMatchObject({ incarnation: "sqlite1" });
    });
  });

  test("is not remembered before the first store has opened", async () => {
    await withTemporaryDirectory(async (directory) => {
      lockStore(storeFiles(directory), NOW).release();
      expect(JSON.parse(readFileSync(storeFiles(directory).holder, "utf8"))).toEqual({
        pid: process.pid,
        since: NOW.toISOString(),
        incarnation: null,
      });
      new Database(storeFiles(directory).lock, { readonly: true }).close(true);
    });
  });
});
