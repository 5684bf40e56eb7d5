// Flipped bits in stored rows, made in a closed store by SQL, must be found when the entry is read.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { rejectionCode } from "../../../test/support/rejection-code.ts";
import { add, commit, endsAt, keyOf, mustCommit, put, rangeOf, remove, touch } from "../../../test/support/requests.ts";
import { sqliteOptions } from "../../../test/support/sqlite-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { type EntryInfo, toRevision } from "../../core/entry.ts";
import { NEVER, toEpochMs } from "../../core/expiry.ts";
import { PAGE_BYTES, storeFiles } from "./layout.ts";
import { type EntryRow, formNumber, RecordCodec } from "./record.ts";
import { openSqliteStore, type SqliteStore } from "./store.ts";

const KEY = keyOf("k");
const END_MS = 8_000_000_000_000;

/** Does something to the database of a closed store. */
function tamper(directory: string, statement: string): void {
  const db = new Database(storeFiles(directory).database, { readwrite: true });
  db.run(statement);
  db.close(true);
}

/** Opens a store with one entry, whose row has been changed by the statement. */
async function withTampered(statement: string, body: (store: SqliteStore) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const first = await openSqliteStore(sqliteOptions(directory));
    await mustCommit(first, put("k", "value", { form: "text", contentType: "text/plain", expiry: endsAt(END_MS) }));
    await first.close();
    tamper(directory, statement);
    const store = await openSqliteStore(sqliteOptions(directory));
    try {
      await body(store);
    } finally {
      await store.close();
    }
  });
}

describe("a stored row with a flipped bit", () => {
  const flips: Record<string, string> = {
    "its value": "value = cast(x'76616c7564' as blob)",
    "its value's length": "value = x'76616c756500'",
    "its media type": "content_type = 'text/plaio'",
    "its revision": "revision = revision + 2",
    "when it was created": "created_at = created_at + 1",
    "when it was modified": "modified_at = modified_at + 64",
    "when it ends": "expires_at = expires_at + 1024",
    "that it ends": "expires_at = null",
    "its form": "form = 3",
    "its form, to an unknown one": "form = 65",
    "its checksum": "checksum = (~(checksum & 1)) & (checksum | 1)",
    "its key": "key = x'6a'",
  };
  for (const [part, assignment] of Object.entries(flips)) {
    test(`in ${part} is a damaged entry to every read of the value`, async () => {
      await withTampered(`update entries set ${assignment}`, async (store) => {
        const key = part === "its key" ? keyOf("j") : KEY;
        expect(await rejectionCode(() => store.get(key))).toBe("damaged-entry");
        expect(await rejectionCode(() => store.getMany([key]))).toBe("damaged-entry");
        expect(await rejectionCode(() => store.scan(rangeOf()))).toBe("damaged-entry");
        expect(await rejectionCode(() => store.scan(rangeOf({ filter: "*" })))).toBe("damaged-entry");
        expect(await rejectionCode(() => commit(store, remove(key, { want: "before" })))).toBe("damaged-entry");
      });
    });
  }

  test("stays damaged when it is touched, and is whole again when it is put", async () => {
    await withTampered("update entries set value = x'00'", async (store) => {
      await mustCommit(store, touch("k", NEVER));
      expect(await rejectionCode(() => store.get(KEY))).toBe("damaged-entry");
      await mustCommit(store, put("k"));
      expect(store.get(KEY)?.size).toBe(1);
    });
  });

  test("is met by the writer too, which keeps the store from being marked as closed whole", async () => {
    await withTemporaryDirectory(async (directory) => {
      const first = await openSqliteStore(sqliteOptions(directory));
      await mustCommit(first, put("k", "5"));
      await first.close();
      tamper(directory, "update entries set value = x'00'");
      const second = await openSqliteStore(sqliteOptions(directory));
      expect(await rejectionCode(() => commit(second, add("k", 1)))).toBe("damaged-entry");
      await second.close();
      const third = await openSqliteStore(sqliteOptions(directory));
      expect(third.wasClean).toBe(false);
      await third.close();
    });
  });

  test("can be deleted", async () => {
    await withTampered("update entries set value = x'00'", async (store) => {
      await mustCommit(store, remove("k"));
      expect(store.get(KEY)).toBeNull();
    });
  });

  test("does not keep other entries from being read, after it or at once", async () => {
    await withTampered("update entries set value = x'00'", async (store) => {
      await mustCommit(store, put("other"));
      expect(await rejectionCode(() => store.scan(rangeOf()))).toBe("damaged-entry");
      expect(store.get(keyOf("other"))?.size).toBe(5);
      expect((await store.scan(rangeOf({ start: "l" }))).items).toHaveLength(1);
    });
  });
});

describe("a page whose shape is damaged", () => {
  test("is a damaged entry to reads that need it, and the store serves the others", async () => {
    await withTemporaryDirectory(async (directory) => {
      const first = await openSqliteStore(sqliteOptions(directory));
      const names = Array.from({ length: 200 }, (_, index) => `key${index}`);
      for (const name of names) await mustCommit(first, put(name, `value of ${name}${" ".repeat(200)}`));
      await first.close();
      const { database } = storeFiles(directory);
      const bytes = readFileSync(database);
      const page = bytes.indexOf("value of key150") & -PAGE_BYTES;
      bytes[page] = (bytes[page] ?? 0) ^ 0x40;
      writeFileSync(database, bytes);
      const store = await openSqliteStore(sqliteOptions(directory));
      const codes: (string | null)[] = [];
      for (const name of names) {
        codes.push(await rejectionCode(() => store.get(keyOf(name))));
        // What ends with the turn must not throw where nobody catches it.
        await new Promise(setImmediate);
      }
      expect(new Set(codes)).toEqual(new Set(["damaged-entry", null]));
      expect(store.isSound).toBe(false);
      await store.close();
    });
  });
});

describe("a page of the index of keys whose shape is damaged", () => {
  test("is a damaged entry to who counts, and is remembered", async () => {
    await withTemporaryDirectory(async (directory) => {
      const first = await openSqliteStore(sqliteOptions(directory));
      await mustCommit(first, put("a"));
      await first.close();
      const { database } = storeFiles(directory);
      const db = new Database(database);
      const page = db
        .prepare<{ number: number }, []>(
          "select rootpage as number from sqlite_schema where name = 'sqlite_autoindex_entries_1'",
        )
        .get();
      db.close(true);
      const bytes = readFileSync(database);
      const offset = ((page?.number ?? 0) - 1) * PAGE_BYTES;
      bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x40, offset);
      writeFileSync(database, bytes);
      const store = await openSqliteStore(sqliteOptions(directory));
      expect(await rejectionCode(() => store.count(rangeOf({ prefix: "a" })))).toBe("damaged-entry");
      expect(store.isSound).toBe(false);
      await store.close();
    });
  });
});

describe("the checksum of a record", () => {
  const codec = new RecordCodec("life1");
  const info: EntryInfo = {
    key: KEY,
    size: 3,
    contentType: "text/plain",
    form: "text",
    revision: toRevision(7),
    tag: codec.tag(7),
    createdAt: toEpochMs(1_800_000_000_000),
    modifiedAt: toEpochMs(1_800_000_000_001),
    expiresAt: null,
  };
  const value = new Uint8Array([1, 2, 3]);

  test("is the stored format's: it must never change for rows that are written", () => {
    // Reckoned by another implementation of CRC-32, from the description in record.ts.
    expect(codec.checksum(info, value)).toBe(1926277357);
    expect(codec.checksum({ ...info, expiresAt: toEpochMs(1) }, new Uint8Array())).toBe(1285384412);
  });

  test("differs for every single bit of the value", () => {
    const checksums = new Set([codec.checksum(info, value)]);
    for (let bit = 0; bit < 8 * value.length; bit++) {
      const flipped = value.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      checksums.add(codec.checksum(info, flipped));
    }
    expect(checksums.size).toBe(1 + 8 * value.length);
  });

  test("differs for every single bit of an instant and of the revision", () => {
    const checksums = new Set([codec.checksum(info, value)]);
    for (let bit = 0; bit < 52; bit++) {
      const flip = (number: number) => Number(BigInt(number) ^ (1n << BigInt(bit)));
      checksums.add(codec.checksum({ ...info, revision: toRevision(flip(info.revision)) }, value));
      checksums.add(codec.checksum({ ...info, createdAt: toEpochMs(flip(info.createdAt)) }, value));
      checksums.add(codec.checksum({ ...info, modifiedAt: toEpochMs(flip(info.modifiedAt)) }, value));
    }
    expect(checksums.size).toBe(1 + 3 * 52);
  });

  test("is renewed by a touch to what it would be if written anew", () => {
    const after = { ...info, expiresAt: toEpochMs(5) };
    expect(codec.touchedChecksum(info, after, codec.checksum(info, value))).toBe(codec.checksum(after, value));
  });
});

describe("a row in which a column has another type, as a flipped bit of its header gives it", () => {
  const codec = new RecordCodec("life");
  const info: EntryInfo = {
    key: KEY,
    size: 5,
    contentType: "text/plain",
    form: "text",
    revision: toRevision(7),
    tag: codec.tag(7),
    createdAt: toEpochMs(1000),
    modifiedAt: toEpochMs(2000),
    expiresAt: null,
  };
  const value = Buffer.from("value");
  const sound: EntryRow = {
    id: 1,
    revision: 7,
    created_at: 1000,
    modified_at: 2000,
    expires_at: null,
    content_type: "text/plain",
    form: formNumber("text"),
    checksum: codec.checksum(info, value),
    size: 5,
    value,
  };

  test("is whole as it was written", () => {
    expect(codec.entry(KEY, sound)).toEqual({ ...info, value });
  });

  for (const [what, column] of [
    ["a value that is a text of the same octets", '{"value": "value"}'],
    ["no value", '{"value": null}'],
    ["no media type", '{"content_type": null}'],
    ["an instant that is a text", '{"created_at": "1000"}'],
    ["no revision", '{"revision": null}'],
  ] as const) {
    test(`is damaged: ${what}`, () => {
      const row: EntryRow = { ...sound, ...JSON.parse(column) };
      expect(() => codec.entry(KEY, row)).toThrow(/does not match its checksum/);
    });
  }

  test("is damaged where it is shown without its value", () => {
    const row: EntryRow = { ...sound, ...JSON.parse('{"content_type": null}') };
    expect(() => codec.shownInfo(KEY, row)).toThrow(/does not match its checksum/);
  });
});
