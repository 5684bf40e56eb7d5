// Copies of a store that serves. An engine without the facility says so by null.
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check, openSnapshot } from "../../src/engines/archive.ts";
import type { Backup, BackupTerms } from "../../src/store/store.ts";
import { ENDED, mustCommit, put, remove, textOf } from "../support/requests.ts";
import { type MakeStore, type StoreHarness, withStore } from "../support/store-harness.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

export const UNWATCHED: BackupTerms = { onProgress: () => {}, signal: new AbortController().signal };

/** Runs `body` with a store that can be copied, and a directory to copy to. */
export async function withBackup(
  make: MakeStore,
  body: (parts: { readonly harness: StoreHarness; readonly backup: Backup; readonly path: string }) => Promise<void>,
): Promise<void> {
  await withStore(make, async (harness) => {
    const { backup } = harness.store;
    if (backup === null) throw new Error("The engine has no backups");
    await withTemporaryDirectory((directory) => body({ harness, backup, path: join(directory, "copy.db") }));
  });
}

/** Values by key. */
export function contentsOf(file: string): Readonly<Record<string, string>> {
  const snapshot = openSnapshot({ file });
  try {
    return Object.fromEntries([...snapshot.entries(null)].map(({ key, value }) => [key, textOf(value)]));
  } finally {
    snapshot.close();
  }
}

export function backupSuite(make: MakeStore): void {
  describe("a backup", () => {
    test("holds what was committed before it, and says of which revision it is", async () => {
      await withBackup(make, async ({ harness: { store }, backup, path }) => {
        await mustCommit(store, put("a", "1"), put("b", "2"));
        await mustCommit(store, remove("b"));
        const { revision } = await mustCommit(store, put("c", "3", { expiry: ENDED }));
        const facts = await backup.writeTo(path, UNWATCHED);
        await mustCommit(store, put("d", "4"));
        expect(facts).toMatchObject({ incarnation: store.incarnation, entries: 2 });
        expect(facts.revision).toBe(revision);
        expect(contentsOf(path)).toEqual({ a: "1" });
      });
    });

    test("is sound, and its length and SHA-256 are those of the file", async () => {
      await withBackup(make, async ({ harness: { store }, backup, path }) => {
        await mustCommit(store, put("a", "1"));
        const { bytes, sha256 } = await backup.writeTo(path, UNWATCHED);
        expect(await check({ file: path }, UNWATCHED)).toMatchObject({ kind: "backup", problems: [], bytes, sha256 });
        expect(new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex")).toBe(sha256);
      });
    });

    test("of an empty store is one", async () => {
      await withBackup(make, async ({ backup, path }) => {
        expect(await backup.writeTo(path, UNWATCHED)).toMatchObject({ entries: 0, revision: 0 });
        expect(contentsOf(path)).toEqual({});
      });
    });

    test("is made once at a time: another is refused as busy meanwhile, and taken later", async () => {
      await withBackup(make, async ({ backup, path }) => {
        const first = backup.writeTo(path, UNWATCHED);
        await expect(backup.writeTo(`${path}2`, UNWATCHED)).rejects.toMatchObject({ code: "busy" });
        await first;
        expect(existsSync(`${path}2`)).toBe(false);
        await backup.writeTo(`${path}2`, UNWATCHED);
        expect(existsSync(`${path}2`)).toBe(true);
      });
    });

    test("ends when it is no longer wanted, and leaves nothing", async () => {
      await withBackup(make, async ({ harness: { store }, backup, path }) => {
        for (let first = 0; first < 20_000; first += 1000) {
          await mustCommit(store, ...Array.from({ length: 1000 }, (_, index) => put(`key${first + index}`)));
        }
        const controller = new AbortController();
        const terms = { onProgress: () => controller.abort(), signal: controller.signal };
        expect(await backup.writeTo(path, terms).catch((error: unknown) => error)).toMatchObject({
          code: "unavailable",
        });
        expect(readdirSync(join(path, ".."))).toEqual([]);
      });
    });

    test("says how far it is", async () => {
      await withBackup(make, async ({ harness: { store }, backup, path }) => {
        await mustCommit(store, put("a", "12345"), put("b"));
        const seen: unknown[] = [];
        await backup.writeTo(path, { ...UNWATCHED, onProgress: (progress) => seen.push(progress) });
        expect(seen.at(-1)).toEqual({ entries: 2, entriesTotal: 2, bytes: 6 });
      });
    });

    test("can be read without a name, and leaves none", async () => {
      await withBackup(make, async ({ harness: { store }, backup }) => {
        await mustCommit(store, put("a", "x".repeat(1_000_000)));
        const copy = await backup.open(UNWATCHED);
        const hash = new Bun.CryptoHasher("sha256");
        let bytes = 0;
        for await (const part of copy.parts()) {
          hash.update(part);
          bytes += part.length;
        }
        expect({ bytes, sha256: hash.digest("hex") }).toEqual({ bytes: copy.bytes, sha256: copy.sha256 });
      });
    });

    test("is ended by closing the store", async () => {
      await withBackup(make, async ({ harness: { store }, backup, path }) => {
        await mustCommit(store, ...Array.from({ length: 1000 }, (_, index) => put(`key${index}`)));
        const ended = backup.writeTo(path, UNWATCHED).catch(({ code }) => code);
        await store.close();
        expect(["unavailable", "busy"]).toContain(await ended);
        expect(readdirSync(join(path, ".."))).toEqual([]);
      });
    });
  });
}
