// What a restore leaves at each moment at which it can be killed, and the life that begins with it.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { keyOf, mustCommit, put, textOf } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { requireSoundDatabase } from "../../../test/support/sqlite-invariants.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { tokenOf } from "../../../test/support/token-records.ts";
import { toEpochMs } from "../../core/expiry.ts";
import type { BackupTerms, Cursor } from "../../store/store.ts";
import { backUpDirectory, check, restore } from "../archive.ts";
import { APPLICATION_ID } from "./layout.ts";
import { SCHEMA, SQL } from "./statements.ts";

import { openSqliteStore, type SqliteStore } from "./store.ts";

/** As docs/guarantees.md has it. */
const RESTORE_JUMP = 2 ** 40;
const REVOKED_AT = toEpochMs(1_800_000_000_500);
const UNWATCHED: BackupTerms = { onProgress: () => {}, signal: new AbortController().signal };

async function withOpen<T>(directory: string, body: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(sqliteOptions(directory));
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** A store with the entry a=1 in `directory`/old, its backup in copy.db, and then a=2 in the store. */
async function withBackup(
  body: (parts: { readonly file: string; readonly old: string; readonly target: string }) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const parts = { file: join(directory, "copy.db"), old: join(directory, "old"), target: join(directory, "new") };
    await withOpen(parts.old, async (store) => {
      await mustCommit(store, put("a", "1"));
      await store.backup.writeTo(parts.file, UNWATCHED);
      await mustCommit(store, put("a", "2"));
    });
    await body(parts);
  });
}

const valueIn = (directory: string) =>
  withOpen(directory, async (store) => textOf((await store.get(keyOf("a")))?.value));

describe("a restored store", () => {
  test("holds what the backup holds, in a new life whose revisions are far ahead", async () => {
    await withBackup(async ({ file, target }) => {
      expect(restore(file, target, false)).toEqual({
        revision: 1 + RESTORE_JUMP,
        movedTo: null,
        tokens: 0,
        isRevokedAsBefore: false,
      });
      await withOpen(target, async (store) => {
        expect(store.wasClean).toBe(true);
        expect(store.incarnation).not.toBe("sqlite1");
        const entry = store.get(keyOf("a"));
        expect(textOf(entry?.value)).toBe("1");
        expect<string | undefined>(entry?.tag).toBe(`1.${store.incarnation}`);
        expect<number>((await mustCommit(store, put("b"))).revision).toBe(2 + RESTORE_JUMP);
      });
      requireSoundDatabase(target);
    });
  });

  test("goes on from no cursor of the life before", async () => {
    await withBackup(async ({ file, target }) => {
      restore(file, target, false);
      await withOpen(target, async (store) => {
        expect(await store.changes("1.sqlite1" as Cursor, 10)).toMatchObject({ changes: [], isIncomplete: true });
        expect((await store.changes(null, 10)).isIncomplete).toBe(true);
      });
    });
  });

  test("is a store: it can be backed up, and that be restored again", async () => {
    await withBackup(async ({ file, target }) => {
      restore(file, target, false);
      await withOpen(target, (store) => store.backup.writeTo(`${file}2`, UNWATCHED));
      expect(restore(`${file}2`, `${target}2`, false).revision).toBe(1 + 2 * RESTORE_JUMP);
      expect(await valueIn(`${target}2`)).toBe("1");
    });
  });
});

describe("a store of format 1", () => {
  test("is backed up from its directory as it is, and migrated when what is restored of it is opened", async () => {
    await withTemporaryDirectory(async (directory) => {
      const [old, file, target] = [join(directory, "old"), join(directory, "copy.db"), join(directory, "new")];
      mkdirSync(old);
      const db = new Database(join(old, "keyhold.db"));
      for (const statement of SCHEMA) db.run(statement);
      db.run(SQL.createState, ["format1", 1]);
      db.run(`pragma application_id = ${APPLICATION_ID}`);
      db.run("pragma user_version = 1");
      db.close(true);
      await backUpDirectory(old, file, UNWATCHED);
      expect(await check({ file }, UNWATCHED)).toMatchObject({ kind: "backup", format: 1, problems: [] });
      restore(file, target, false);
      await withOpen(target, async (store) => {
        expect<number>((await mustCommit(store, put("a"))).revision).toBe(1 + RESTORE_JUMP);
      });
    });
  });
});

describe("a restore", () => {
  test("refuses a directory that holds anything, and changes nothing in it", async () => {
    await withBackup(async ({ file, old, target }) => {
      expect(() => restore(file, old, false)).toThrow("--replace");
      mkdirSync(target);
      writeFileSync(join(target, "note"), "");
      expect(() => restore(file, target, false)).toThrow("not empty");
      expect(readdirSync(target)).toEqual(["note"]);
      expect(await valueIn(old)).toBe("2");
    });
  });

  test("moves a store that it replaces aside, whole", async () => {
    await withBackup(async ({ file, old }) => {
      const { movedTo } = restore(file, old, true);
      expect(movedTo).toMatch(/old\.before-\d{8}T\d{6}Z$/);
      expect([await valueIn(old), await valueIn(movedTo ?? "")]).toEqual(["1", "2"]);
    });
  });

  test("refuses to replace a store that a server holds", async () => {
    await withBackup(async ({ file, old }) => {
      await withOpen(old, async () => {
        expect(() => restore(file, old, true)).toThrow("holds it; stop that one first");
      });
      expect(await valueIn(old)).toBe("2");
    });
  });

  test("makes a store that is its owner's alone, and can be written, of a file of any mode", async () => {
    await withBackup(async ({ file, old, target }) => {
      for (const [mode, directory] of [
        [0o644, target],
        [0o400, old],
      ] as const) {
        chmodSync(file, mode);
        restore(file, directory, directory === old);
        expect(statSync(join(directory, "keyhold.db")).mode & 0o777).toBe(0o600);
      }
    });
  });

  test("through a link replaces what the link leads to, and is finished there after a kill", async () => {
    await withBackup(async ({ file, old, target }) => {
      const link = `${old}-link`;
      symlinkSync(basename(old), link);
      const { movedTo } = restore(file, link, true);
      expect(movedTo).toStartWith(`${realpathSync(old)}.before-`);
      expect([readlinkSync(link), await valueIn(link), await valueIn(movedTo ?? "")]).toEqual(["old", "1", "2"]);
      restore(file, target, false);
      renameSync(old, `${old}.before`);
      renameSync(target, `${old}.restored`);
      expect(await valueIn(link)).toBe("1");
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
    });
  });

  test("takes an empty directory", async () => {
    await withBackup(async ({ file, target }) => {
      mkdirSync(target);
      restore(file, target, false);
      expect(await valueIn(target)).toBe("1");
    });
  });

  test("that was killed before it was ready leaves the old store, and the next one goes through", async () => {
    await withBackup(async ({ file, old }) => {
      mkdirSync(`${old}.restoring`);
      writeFileSync(join(`${old}.restoring`, "keyhold.db"), "half");
      expect(await valueIn(old)).toBe("2");
      restore(file, old, true);
      expect(await valueIn(old)).toBe("1");
      expect(existsSync(`${old}.restoring`)).toBe(false);
    });
  });

  test("that was killed between the two renamings is finished by the next start", async () => {
    await withBackup(async ({ file, old, target }) => {
      restore(file, target, false);
      cpSync(target, `${old}.restored`, { recursive: true });
      renameSync(old, `${old}.before`);
      await withOpen(old, async ({ leftRestore }) => expect(leftRestore).toBe("finished"));
      expect(await valueIn(old)).toBe("1");
      expect(existsSync(`${old}.restored`)).toBe(false);
    });
  });

  test("that was killed between the two renamings is finished where the directory was made anew, empty", async () => {
    await withBackup(async ({ file, old, target }) => {
      restore(file, target, false);
      cpSync(target, `${old}.restored`, { recursive: true });
      renameSync(old, `${old}.before`);
      mkdirSync(old);
      expect(await valueIn(old)).toBe("1");
    });
  });

  test("that was killed before the first renaming never comes up once the old store was opened", async () => {
    await withBackup(async ({ file, old, target }) => {
      restore(file, target, false);
      cpSync(target, `${old}.restored`, { recursive: true });
      await withOpen(old, async ({ leftRestore }) => expect(leftRestore).toBe("removed"));
      expect(existsSync(`${old}.restored`)).toBe(false);
      await withOpen(old, async ({ leftRestore }) => expect(leftRestore).toBe("none"));
      renameSync(old, `${old}.moved-away`);
      await withOpen(old, async (store) => expect(await store.get(keyOf("a"))).toBeNull());
    });
  });

  test("refuses where revisions would pass 2^52, and makes nothing", async () => {
    await withBackup(async ({ file, target }) => {
      const db = new Database(file);
      db.run("update state set revision = ?", [2 ** 52 - RESTORE_JUMP + 1]);
      db.close(true);
      expect(() => restore(file, target, false)).toThrow("limit 2^52");
      expect(existsSync(target)).toBe(false);
    });
  });
});

describe("the tokens of a restored store", () => {
  /** A backup with the tokens a, b, c, of which c has expired; b is revoked in the store after it was made. */
  async function withTokens(body: (parts: { readonly file: string; readonly old: string }) => Promise<void>) {
    await withBackup(async ({ file, old }) => {
      await withOpen(old, async (store) => {
        for (const name of ["a", "b"]) await store.putToken(tokenOf(name), null);
        await store.putToken(tokenOf("c", { expiresAt: toEpochMs(1) }), null);
        await store.backup.writeTo(file, UNWATCHED);
        await store.putToken(tokenOf("b", { revokedAt: REVOKED_AT }), null);
      });
      await body({ file, old });
    });
  }
  const revokedIn = (directory: string) =>
    withOpen(directory, async (store) => (await store.tokens()).map(({ id, revokedAt }) => [id, revokedAt]));

  test("are revoked as they are in the store that it replaces", async () => {
    await withTokens(async ({ file, old }) => {
      expect(restore(file, old, true)).toMatchObject({ tokens: 1, isRevokedAsBefore: true });
      expect(await revokedIn(old)).toEqual([
        ["tk_a", null],
        ["tk_b", REVOKED_AT],
        ["tk_c", null],
      ]);
    });
  });

  test("are those of the backup where that store cannot be read, and the restore says so", async () => {
    await withTokens(async ({ file, old }) => {
      writeFileSync(join(old, "keyhold.db"), "no database at all, and long enough to be read as one".repeat(99));
      expect(restore(file, old, true)).toMatchObject({ tokens: 2, isRevokedAsBefore: false });
      expect(await revokedIn(old)).toEqual([
        ["tk_a", null],
        ["tk_b", null],
        ["tk_c", null],
      ]);
    });
  });
});

describe("a backup put in the place of a store", () => {
  test("is refused: it would go on in the life that it was copied from", async () => {
    await withBackup(async ({ file, target }) => {
      mkdirSync(target);
      cpSync(file, join(target, "keyhold.db"));
      await expect(openSqliteStore(sqliteOptions(target))).rejects.toThrow("keyhold restore");
      expect((await check({ file }, UNWATCHED)).kind).toBe("backup");
    });
  });
});
