// What openWriter() refuses, and what it sets.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { rejectionCode, rejectionOf } from "../../../test/support/rejection-code.ts";
import { endsAt, keyOf, mustCommit, put, textOf } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { requireSoundDatabase } from "../../../test/support/sqlite-invariants.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { tokenOf } from "../../../test/support/token-records.ts";
import { makeBatch, UNNAMED } from "../../core/batch.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { backUpDirectory, check, openSnapshot } from "../archive.ts";
import { type ChangeRow, isWholeChange, SEAL_ROWS } from "./change-row.ts";
import { closeWhole, type Durability, openReader, openWriter, readPragma } from "./database.ts";
import { APPLICATION_ID, FORMAT_VERSION, PAGE_BYTES, type StoreFiles, storeFiles } from "./layout.ts";
import { isWholeState, stateChecksum } from "./state-row.ts";
import { MIGRATIONS, SCHEMA } from "./statements.ts";
import { openSqliteStore } from "./store.ts";

const UNWATCHED = { onProgress: () => {}, signal: new AbortController().signal };
const NEW_STORE = { incarnation: "life1", now: toEpochMs(1_800_000_000_000) };

async function withDatabase(body: (files: StoreFiles) => Promise<void> | void): Promise<void> {
  await withTemporaryDirectory((directory) => body(storeFiles(directory)));
}

async function withWriter(durability: Durability, body: (db: Database, files: StoreFiles) => void): Promise<void> {
  await withDatabase((files) => {
    const db = openWriter(files, durability, NEW_STORE);
    try {
      body(db, files);
    } finally {
      closeWhole(db);
    }
  });
}

/** Does something to the database of a closed store. */
function tamper(files: StoreFiles, ...statements: readonly string[]): void {
  const db = new Database(files.database, { readwrite: true, create: true });
  for (const statement of statements) db.run(statement);
  db.close(true);
}

async function refusal(files: StoreFiles): Promise<string> {
  const error = await rejectionOf(() => openSqliteStore(sqliteOptions(files.directory)));
  expect(error?.code).toBe("unavailable");
  return error?.detail ?? "";
}

describe("the writing connection", () => {
  const expected: Record<string, string | number> = {
    journal_mode: "wal",
    synchronous: 2,
    wal_autocheckpoint: 0,
    journal_size_limit: 16 * 1024 * 1024,
    trusted_schema: 0,
    cell_size_check: 1,
    mmap_size: 0,
    busy_timeout: 5000,
    page_size: PAGE_BYTES,
    application_id: APPLICATION_ID,
    user_version: FORMAT_VERSION,
    cache_size: -65_536,
  };
  for (const [name, value] of Object.entries(expected)) {
    test(`has ${name} ${value}`, async () => {
      await withWriter("full", (db) => expect(readPragma(db, name)).toBe(value));
    });
  }

  test("syncs with the checkpoint alone where less durability is asked for", async () => {
    await withWriter("relaxed", (db) => expect(readPragma(db, "synchronous")).toBe(1));
  });

  test("makes one state row, and leaves it as it is when it opens again", async () => {
    await withDatabase((files) => {
      for (const incarnation of ["life1", "life2"]) {
        const db = openWriter(files, "full", { ...NEW_STORE, incarnation });
        expect(db.prepare<{ incarnation: string }, []>("select incarnation from state").all()).toEqual([
          { incarnation: "life1" },
        ]);
        closeWhole(db);
      }
    });
  });

  test("leaves no log and no lock behind when it is closed", async () => {
    await withDatabase((files) => {
      const db = openWriter(files, "full", NEW_STORE);
      db.run("update state set revision = 7");
      expect(existsSync(files.log)).toBe(true);
      closeWhole(db);
      expect(existsSync(files.log)).toBe(false);
    });
  });
});

describe("a reading connection", () => {
  test("cannot write", async () => {
    await withWriter("full", (_, files) => {
      const reader = openReader(files);
      expect(() => reader.run("update state set revision = 7")).toThrow();
      expect(readPragma(reader, "query_only")).toBe(1);
      closeWhole(reader);
    });
  });
});

describe("a database that is not this program's to open", () => {
  test("is refused where its format is newer", async () => {
    await withDatabase(async (files) => {
      closeWhole(openWriter(files, "full", NEW_STORE));
      tamper(files, `pragma user_version = ${FORMAT_VERSION + 1}`);
      expect(await refusal(files)).toContain(`its format ${FORMAT_VERSION + 1} is newer than format ${FORMAT_VERSION}`);
    });
  });

  test("is refused where it is another program's, and not changed", async () => {
    await withDatabase(async (files) => {
      tamper(files, "create table theirs (a)", "insert into theirs values (1)");
      const before = readFileSync(files.database);
      expect(await refusal(files)).toContain("it is a SQLite database of another program");
      expect(readFileSync(files.database).equals(before)).toBe(true);
    });
  });

  test("is refused where it is another program's that counts its formats too", async () => {
    await withDatabase(async (files) => {
      tamper(files, "create table theirs (a)", "pragma application_id = 7", `pragma user_version = ${FORMAT_VERSION}`);
      expect(await refusal(files)).toContain("another program");
    });
  });

  test("is refused where it is no database, and not changed", async () => {
    await withDatabase(async (files) => {
      const bytes = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 251);
      writeFileSync(files.database, bytes);
      expect(await refusal(files)).toContain(`Cannot open ${files.database}`);
      expect(new Uint8Array(readFileSync(files.database))).toEqual(bytes);
    });
  });

  test("is refused where it is a directory", async () => {
    await withDatabase(async (files) => {
      mkdirSync(files.database);
      expect(await refusal(files)).toContain(`Cannot open ${files.database}`);
    });
  });

  test("is refused where another program reads it and holds its log", async () => {
    await withDatabase(async (files) => {
      const store = await openSqliteStore(sqliteOptions(files.directory));
      await mustCommit(store, put("a"));
      const reader = new Database(files.database, { readonly: true });
      reader.run("begin");
      reader.prepare("select * from entries").all();
      await mustCommit(store, put("b"));
      await store.close();
      expect(existsSync(files.log)).toBe(true);
      expect(await refusal(files)).toContain("another program");
      reader.run("rollback");
      reader.close(true);
      const again = await openSqliteStore(sqliteOptions(files.directory));
      expect(again.stats().entries).toBe(2);
      await again.close();
    });
  }, 20_000);
});

describe("a refused store", () => {
  test("leaves no thread behind, so that the process can end", async () => {
    await withDatabase(async (files) => {
      tamper(files, "create table theirs (a)");
      const script = `
        import { openSqliteStore } from ${JSON.stringify(`${import.meta.dir}/store.ts`)};
        const options = ${JSON.stringify(sqliteOptions(files.directory))};
        const onFatal = (reason) => console.log("fatal", reason);
        await openSqliteStore({ ...options, onFatal }).catch((error) => console.log(error.code));`;
      const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit", timeout: 5000 });
      expect(await child.exited).toBe(0);
      expect(await new Response(child.stdout).text()).toBe("unavailable\n");
    });
  });
});

const BACK_TO_FORMAT_3 = [
  "alter table state drop column checksum",
  "alter table changes drop column checksum",
  "pragma user_version = 3",
];
const BACK_TO_FORMAT_2 = [...BACK_TO_FORMAT_3, "drop table tokens", "pragma user_version = 2"];
const BACK_TO_FORMAT_1 = [
  ...BACK_TO_FORMAT_2,
  "drop table idempotency_records",
  "alter table state drop column records",
  "alter table state drop column record_bytes",
  "pragma user_version = 1",
];

describe("a store of format 1", () => {
  test("is brought up to date when it is opened, and keeps its entries", async () => {
    await withDatabase(async (files) => {
      const older = await openSqliteStore(sqliteOptions(files.directory));
      await mustCommit(older, put("a", "one"));
      await older.close();
      tamper(files, ...BACK_TO_FORMAT_1);
      for (const round of ["migrated", "opened again"]) {
        const store = await openSqliteStore(sqliteOptions(files.directory));
        expect([round, textOf((await store.get(keyOf("a")))?.value)]).toEqual([round, "one"]);
        const once = { id: "0".repeat(64), fingerprint: "1".repeat(64), at: store.now() };
        await store.commit(makeBatch([put("b")]), { ...UNNAMED, once });
        expect((await store.recall(once.id))?.did.kind).toBe("committed");
        await store.close();
      }
      requireSoundDatabase(files.directory);
    });
  });

  test("stays what it was where the migration does not come to its end", async () => {
    await withDatabase(async (files) => {
      await (await openSqliteStore(sqliteOptions(files.directory))).close();
      // The table is in the way of the one that the migration makes, after it has added the column.
      tamper(files, ...BACK_TO_FORMAT_1, "create table idempotency_records (id integer)");
      expect(await refusal(files)).toContain("idempotency_records");
      const db = new Database(files.database, { readonly: true });
      expect(readPragma(db, "user_version")).toBe(1);
      expect(db.prepare("select * from state").all()[0]).not.toHaveProperty("records");
      db.close(true);
    });
  });
});

describe("a store of format 2", () => {
  test("is brought up to date when it is opened, keeps its entries, and takes tokens", async () => {
    await withDatabase(async (files) => {
      const older = await openSqliteStore(sqliteOptions(files.directory));
      await mustCommit(older, put("a", "one"));
      await older.close();
      tamper(files, ...BACK_TO_FORMAT_2);
      for (const kept of [["t1"], ["t1", "t2"]]) {
        const store = await openSqliteStore(sqliteOptions(files.directory));
        expect(textOf((await store.get(keyOf("a")))?.value)).toBe("one");
        await store.putToken(tokenOf(kept.at(-1) ?? ""), null);
        expect((await store.tokens()).map(({ name }) => name)).toEqual(kept);
        await store.close();
      }
      requireSoundDatabase(files.directory);
    });
  });
});

describe("a store of format 3", () => {
  test("is brought up to date when it is opened, and keeps its change log", async () => {
    await withDatabase(async (files) => {
      const older = await openSqliteStore(sqliteOptions(files.directory));
      await mustCommit(older, put("a", "one"));
      const { changes } = await older.changes(null, 10);
      await older.close();
      tamper(files, ...BACK_TO_FORMAT_3);
      const store = await openSqliteStore(sqliteOptions(files.directory));
      expect(await store.changes(null, 10)).toMatchObject({ changes, isIncomplete: false });
      await store.close();
      requireSoundDatabase(files.directory);
    });
  });

  test("is brought up to date without its change log where a row of that is damaged", async () => {
    await withDatabase(async (files) => {
      const older = await openSqliteStore(sqliteOptions(files.directory));
      await mustCommit(older, put("ch1", "one"));
      await mustCommit(older, put("ch2", "two"));
      await older.close();
      tamper(files, ...BACK_TO_FORMAT_3);
      // The key of the second change becomes a text, which the table may not have.
      const bytes = readFileSync(files.database).toString("latin1");
      const row = /\x05\x12(\x02\x00?.{6}ch2)/s.exec(bytes);
      if (row === null) throw new Error("The change is not found");
      writeFileSync(files.database, Buffer.from(bytes.replace(row[0], `\x05\x13${row[1]}`), "latin1"));
      const store = await openSqliteStore(sqliteOptions(files.directory));
      expect(textOf((await store.get(keyOf("ch2")))?.value)).toBe("two");
      expect((await store.changes(null, 10)).isIncomplete).toBe(true);
      await store.close();
      requireSoundDatabase(files.directory);
    });
  });

  for (const rows of [SEAL_ROWS - 1, SEAL_ROWS, SEAL_ROWS + 1]) {
    test(`has a checksum for each of ${rows} changes when it has been opened`, async () => {
      await withDatabase(async (files) => {
        await (await openSqliteStore(sqliteOptions(files.directory))).close();
        tamper(
          files,
          ...BACK_TO_FORMAT_3,
          `insert into changes with recursive n(sequence) as (select 1 union all select sequence + 1 from n limit ${rows})
           select sequence, sequence, 0, 1800000000000, x'61' from n`,
          `update state set sequence = ${rows}`,
        );
        const db = openWriter(files, "full", NEW_STORE);
        const changes = db.prepare<ChangeRow, []>("select * from changes").all();
        expect([changes.length, changes.filter((row) => !isWholeChange(row))]).toEqual([rows, []]);
        closeWhole(db);
      });
    });
  }
});

describe("the row that says where the store stands", () => {
  for (const change of [
    "revision = revision - 1",
    "sequence = sequence + 1",
    "entries = entries + 256",
    "highest_instant = highest_instant + 17592186044416",
    "incarnation = 'sqlite3'",
    "records = 1",
    "record_bytes = 1",
    "checksum = checksum + 1",
  ]) {
    test(`with ${change} is refused as damaged`, async () => {
      await withDatabase(async (files) => {
        const first = await openSqliteStore(sqliteOptions(files.directory));
        await mustCommit(first, put("a"));
        await first.close();
        tamper(files, `update state set ${change}`);
        expect(await refusal(files)).toContain("does not match its checksum; restore a backup");
        expect((await check({ directory: files.directory }, UNWATCHED)).problems).toContain(
          "Its state row does not match its checksum",
        );
      });
    });
  }
});

test("a state row with nothing where a number was is not whole", () => {
  const figures = { incarnation: "life1", revision: 1, sequence: 2, entries: 1, records: 0, record_bytes: 0 };
  const state = { ...figures, highest_instant: 3, checksum: stateChecksum({ ...figures, highest_instant: 3 }) };
  expect(isWholeState(state)).toBe(true);
  // As SQLite gives a column whose type a flipped bit has changed.
  expect(isWholeState({ ...state, records: JSON.parse("null") })).toBe(false);
});

describe("the export that a damaged state row leaves", () => {
  test("has the entries that end, also where the clock of the row has leapt", async () => {
    await withDatabase(async (files) => {
      const first = await openSqliteStore(sqliteOptions(files.directory));
      await mustCommit(first, put("a", "one", { expiry: endsAt(first.now() + 3_600_000) }));
      await first.close();
      tamper(files, "update state set highest_instant = highest_instant + 17592186044416");
      const snapshot = openSnapshot({ directory: files.directory });
      expect([...snapshot.entries(null)].map(({ key }) => String(key))).toEqual(["a"]);
      expect(snapshot.at).toBeLessThanOrEqual(Date.now());
      snapshot.close();
    });
  });

  test("is not advised where there is no row, as there is none then", async () => {
    await withDatabase(async (files) => {
      await (await openSqliteStore(sqliteOptions(files.directory))).close();
      tamper(files, "delete from state");
      expect(await refusal(files)).toEndWith("the row that says where the store stands is missing; restore a backup");
    });
  });
});

describe("a change log", () => {
  for (const [damage, statement] of Object.entries({
    "with another key": "update changes set key = x'62' where sequence = 3",
    "with another kind": "update changes set kind = 1 where sequence = 3",
    "without its last": "delete from changes where sequence = 5",
    "with its last under a number to come": "update changes set sequence = 6 where sequence = 5",
    "without one": "delete from changes where sequence = 3",
  })) {
    test(`${damage} is told as incomplete, and goes on behind the damage`, async () => {
      await withDatabase(async (files) => {
        const first = await openSqliteStore(sqliteOptions(files.directory));
        for (const name of ["k1", "k2", "k3", "k4", "k5"]) await mustCommit(first, put(name));
        await first.close();
        tamper(files, statement);
        const store = await openSqliteStore(sqliteOptions(files.directory));
        const page = await store.changes(null, 10);
        expect(page).toMatchObject({ isIncomplete: true, hasMore: false, cursor: "5.sqlite1" });
        const isLast = damage.includes("its last");
        expect(page.changes.map(({ key }) => String(key))).toEqual(isLast ? [] : ["k4", "k5"]);
        await mustCommit(store, put("k6"));
        const after = await store.changes(page.cursor, 10);
        expect([after.isIncomplete, after.changes.map(({ key }) => String(key))]).toEqual([false, ["k6"]]);
        await store.close();
      });
    });
  }
});

describe("a schema", () => {
  for (const [damage, from, to] of [
    ["a column's name", "content_type text", "content_Type text"],
    ["the order of keys", "key blob not null unique", "key text not null unique"],
    ["what the index of ends is over", "where expires_at is not null", "where revision   is not null"],
  ] as const) {
    test(`with another text for ${damage} is refused as damaged`, async () => {
      await withDatabase(async (files) => {
        const first = await openSqliteStore(sqliteOptions(files.directory));
        await mustCommit(first, put("a"));
        await first.close();
        const bytes = readFileSync(files.database);
        bytes.write(to, bytes.indexOf(from));
        writeFileSync(files.database, bytes);
        expect(await refusal(files)).toContain("is not what was written; restore a backup");
        const { problems } = await check(files, UNWATCHED);
        expect(problems.join()).toMatch(/The definition of its (?:table|index) \w+ is not what was written/);
        const backup = backUpDirectory(files.directory, `${files.directory}/copy`, UNWATCHED);
        await expect(backup).rejects.toMatchObject({ code: "damaged-entry" });
      });
    });
  }

  // A store's definitions are compared with these texts: one that is changed in place makes every store that is there a damaged one.
  // What is to be otherwise takes a migration, which adds a line here.
  test("of each format has the text that stores have been made with", () => {
    const digests = Object.entries({ 1: SCHEMA, ...MIGRATIONS }).map(([format, statements]) => {
      const text = statements.join(";").replaceAll(/\s+/g, " ");
      return [format, new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16)];
    });
    expect(Object.fromEntries(digests)).toEqual({
      1: "8908545836962d4b",
      2: "57e36acd24a90587",
      3: "03c5bc457526aaf1",
      4: "563534e21fcb349e",
    });
  });
});

describe("a stored token", () => {
  test("that is not what was written is told as damage, and gives no leave", async () => {
    await withDatabase(async (files) => {
      const store = await openSqliteStore(sqliteOptions(files.directory));
      await store.putToken(tokenOf("a"), null);
      await store.close();
      tamper(files, `update tokens set record = replace(record, '"watch"', '"admin"')`);
      const again = await openSqliteStore(sqliteOptions(files.directory));
      expect(await rejectionCode(() => again.tokens())).toBe("damaged-entry");
      await again.close();
      const { problems } = await check({ directory: files.directory }, UNWATCHED);
      expect(problems).toEqual(['The access token "tk_a" does not match its checksum']);
      const backup = backUpDirectory(files.directory, `${files.directory}/copy`, UNWATCHED);
      await expect(backup).rejects.toMatchObject({ code: "damaged-entry" });
    });
  });
});
