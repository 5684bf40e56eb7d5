// Every statement on the way of a request finds its rows by a key or an index, and none sorts.
import { describe, expect, test } from "bun:test";
import { mustCommit, put } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { openReader } from "./database.ts";
import { storeFiles } from "./layout.ts";
import { SQL } from "./statements.ts";
import { openSqliteStore } from "./store.ts";

const BY_KEY = "SEARCH entries USING INDEX sqlite_autoindex_entries_1 (key=?)";
const BY_KEYS = "SEARCH entries USING INDEX sqlite_autoindex_entries_1 (key>? AND key<?)";
const BY_ID = "SEARCH entries USING INTEGER PRIMARY KEY (rowid=?)";
const BY_STATE = "SEARCH state USING INTEGER PRIMARY KEY (rowid=?)";
const BY_END = "SEARCH entries USING COVERING INDEX entries_by_end (expires_at>? AND expires_at<?)";
const BY_RECORD_ID = "SEARCH idempotency_records USING INDEX sqlite_autoindex_idempotency_records_1 (id=?)";
const BY_SEQUENCE = "SEARCH changes USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";

/** What SQLite is to do; a plain insert has no plan. A new statement fails the type check until it stands here. */
const PLANS: Readonly<Record<keyof typeof SQL, readonly string[]>> = {
  createState: [],
  readState: [BY_STATE],
  writeState: [BY_STATE],
  sealState: [BY_STATE],
  markClean: [BY_STATE],
  oneInfo: [BY_KEY],
  oneEntry: [BY_KEY],
  insertEntry: [],
  updateEntry: [BY_ID],
  touchEntry: [BY_ID],
  deleteEntry: [BY_ID],
  hasKey: [BY_ID],
  entryOfId: [BY_ID],
  endedIds: [BY_END],
  countEnded: [BY_END],
  keysForward: [BY_KEYS],
  keysBackward: [BY_KEYS],
  infosForward: [BY_KEYS],
  infosBackward: [BY_KEYS],
  entriesForward: [BY_KEYS],
  entriesBackward: [BY_KEYS],
  logChange: [],
  sealChange: ["SEARCH changes USING INTEGER PRIMARY KEY (rowid=?)"],
  changesAfter: [BY_SEQUENCE],
  // The whole table in its own order, and no more of it than the limit.
  oldestChanges: ["SCAN changes"],
  oneRecord: [BY_RECORD_ID],
  insertRecord: [],
  dropRecord: ["SEARCH idempotency_records USING INTEGER PRIMARY KEY (rowid=?)"],
  oldestRecords: ["SCAN idempotency_records"],
  trimRecords: ["SEARCH idempotency_records USING INTEGER PRIMARY KEY (rowid<?)"],
  recordsAfter: ["SEARCH idempotency_records USING INTEGER PRIMARY KEY (rowid>?)"],
  everyToken: ["SCAN tokens"],
  putToken: [],
  dropToken: ["SEARCH tokens USING INDEX sqlite_autoindex_tokens_1 (id=?)"],
  trimChanges: ["SEARCH changes USING INTEGER PRIMARY KEY (rowid<?)"],
  dropChanges: [],
  rebuildEnds: [],
  dropChangesBeyond: ["SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)"],
};

describe("the plan of", () => {
  for (const [name, sql] of Object.entries(SQL)) {
    test(`${name} is the one that is meant`, async () => {
      const plans: Readonly<Record<string, readonly string[]>> = PLANS;
      expect(await planOf(sql)).toEqual([...(plans[name] ?? ["no plan is written down"])]);
    });
  }
});

async function planOf(sql: string): Promise<readonly string[]> {
  return withTemporaryDirectory(async (directory) => {
    const store = await openSqliteStore(sqliteOptions(directory));
    await mustCommit(store, put("a"));
    const db = openReader(storeFiles(directory));
    try {
      const rows = db.prepare<{ detail: string }, []>(`explain query plan ${sql}`).all();
      return rows.map(({ detail }) => detail);
    } finally {
      db.close(true);
      await store.close();
    }
  });
}
