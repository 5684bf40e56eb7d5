// The SQLite engine in a directory of its own, under the clock of the machine. Closing looks at the whole database.
import { makeCount } from "../../src/core/count.ts";
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "../../src/engines/sqlite/store.ts";
import { ONE_ORDER_CURSORS } from "./forged-cursors.ts";
import { requireSoundDatabase } from "./sqlite-invariants.ts";
import type { HarnessOptions, StoreHarness } from "./store-harness.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";

/** Longer than any test: upkeep runs once, when the store is opened, and not again. */
const NEVER_MS = 3_600_000;

export function sqliteOptions(
  directory: string,
  changed: Partial<SqliteStoreOptions["writer"]> = {},
): SqliteStoreOptions {
  return {
    writer: {
      directory,
      durability: "full",
      sweepIntervalMs: NEVER_MS,
      historyAgeMs: NEVER_MS,
      historyChanges: 100_000,
      diskReserveBytes: 0,
      storeBytes: 0,
      idempotencyAgeMs: NEVER_MS,
      idempotencyBytes: 100_000_000,
      ...changed,
    },
    allowNetworkFileSystem: false,
    queue: { requests: makeCount(), bytes: makeCount(), stalled: makeCount() },
    queuedCommits: 4096,
    newIncarnation: "sqlite1",
    onFatal: (reason) => {
      throw new Error(`The store under test failed: ${reason}`);
    },
  };
}

export async function makeSqliteHarness({ upkeep, ...bounds }: HarnessOptions): Promise<StoreHarness> {
  const directory = makeTemporaryDirectory();
  const sweepIntervalMs = upkeep === "on" ? 2 : NEVER_MS;
  const store = await openSqliteStore(sqliteOptions(directory, { sweepIntervalMs, ...bounds }));
  return {
    store,
    cursors: ONE_ORDER_CURSORS,
    clockErrorMs: 0,
    step: () => Bun.sleep(1),
    close: () => closeSoundly(store, directory),
  };
}

async function closeSoundly(store: SqliteStore, directory: string): Promise<void> {
  try {
    await store.close();
    requireSoundDatabase(directory);
  } finally {
    removeTemporaryDirectory(directory);
  }
}
