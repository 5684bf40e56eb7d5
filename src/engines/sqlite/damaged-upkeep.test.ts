// Upkeep and readers of the change log that meet a flipped bit: they neither go on for ever nor end the server, and watchers begin anew.
import { describe, expect, test } from "bun:test";
import { damageFile, hexOf, instantHex, replaceOnce } from "../../../test/support/octet-damage.ts";
import { put } from "../../../test/support/requests.ts";
import { type WriterUnderTest, withWriter } from "../../../test/support/sqlite-writer.ts";
import { makeBatch, UNNAMED } from "../../core/batch.ts";
import { PAGE_BYTES } from "./layout.ts";
import { Upkeep } from "./upkeep.ts";

const HOUR_MS = 3_600_000;
const CHANGES = 5;
/** Of a row of the change log, up to the instant, where revision and kind take an octet and none. */
const LOGGED_ROW = "0700010805120[34]03";

function upkeepOf({ db, files, writer, tally, clock }: WriterUnderTest, historyChanges: number): Upkeep {
  const mover = { isRunning: false, start() {}, wait() {} };
  const bounds = { historyAgeMs: HOUR_MS, historyChanges, idempotencyAgeMs: HOUR_MS };
  return new Upkeep({ db, files, writer, tally, mover, now: clock.now, steadyMs: () => 0, ...bounds });
}

/** Changes 1 to 5, of the keys ch1 to ch5. */
async function withChanges(body: (parts: WriterUnderTest) => void): Promise<void> {
  await withWriter((parts) => {
    for (let number = 1; number <= CHANGES; number++) commit(parts, `ch${number}`);
    body(parts);
  });
}

function commit(
  { apply }: WriterUnderTest,
  key: string,
  once: Parameters<typeof apply>[0][number] | null = null,
): void {
  apply([once ?? { kind: "commit", batch: makeBatch([put(key, "v")]), ...UNNAMED }]);
}

/** Gives the third change the number 67. */
function misplaceThird(parts: WriterUnderTest): void {
  damageFile(parts, (hex) => {
    const row = new RegExp(`03(${LOGGED_ROW}${instantHex(parts.clock.now())}${hexOf("ch3")})`).exec(hex);
    if (row === null) throw new Error("The third change is not found");
    return replaceOnce(hex, row[0], `43${row[1]}`);
  });
}

/** Makes a page of another kind of the first one of the log. */
function damageFirstPage(parts: WriterUnderTest): void {
  const { rootpage } = parts.db
    .prepare<{ rootpage: number }, []>("select rootpage from sqlite_schema where name = 'changes'")
    .get() ?? { rootpage: 0 };
  const at = (rootpage - 1) * PAGE_BYTES * 2;
  damageFile(parts, (hex) => `${hex.slice(0, at)}ff${hex.slice(at + 2)}`);
}

describe("a change whose number is damaged", () => {
  test("is trimmed with all others, once those before it are due", async () => {
    await withChanges((parts) => {
      misplaceThird(parts);
      const upkeep = upkeepOf(parts, 1);
      while (upkeep.tick());
      const { revision } = parts.writer.figures;
      expect(parts.db.prepare("select * from changes").all()).toEqual([]);
      expect(upkeep.tick()).toBe(false);
      expect([parts.writer.figures.revision, parts.fatalReasons]).toEqual([revision, []]);
    });
  });

  test("keeps nobody from being up to date who has seen the latest, where it alone is left", async () => {
    await withChanges((parts) => {
      parts.db.run("delete from changes where sequence > 1");
      parts.db.run("update changes set sequence = 9192");
      parts.db.run(`update state set sequence = ${CHANGES}`);
      const told = (after: number) => parts.reader.changes({ after, upTo: CHANGES, limit: 10 });
      expect([told(CHANGES).isDamaged, told(CHANGES).oldest]).toEqual([false, CHANGES + 1]);
      expect(told(2).isDamaged || told(2).oldest > 3).toBe(true);
      const upkeep = upkeepOf(parts, 1000);
      while (upkeep.tick());
      expect(parts.db.prepare("select * from changes").all()).toEqual([]);
    });
  });
});

describe("a damaged page of the change log", () => {
  test("makes who resumes before it begin anew, and nobody else", async () => {
    await withChanges((parts) => {
      damageFirstPage(parts);
      const { isDamaged } = parts.reader.changes({ after: 1, upTo: CHANGES, limit: 10 });
      expect(isDamaged).toBe(true);
      expect(parts.reader.changes({ after: CHANGES, upTo: CHANGES, limit: 10 }).isDamaged).toBe(false);
    });
  });

  test("ends no server that nobody writes to", async () => {
    await withChanges((parts) => {
      damageFirstPage(parts);
      const upkeep = upkeepOf(parts, 1);
      for (let round = 0; round < 3; round++) expect(upkeep.tick()).toBe(false);
      expect(parts.fatalReasons).toEqual([]);
    });
  });
});

test("a record of a named write from long after now is dropped with those that are due", async () => {
  await withWriter((parts) => {
    const { apply, db, clock, writer } = parts;
    for (const id of ["aa", "bb"]) {
      const once = { id: id.repeat(32), fingerprint: "cd".repeat(32), at: clock.now() };
      apply([{ kind: "commit", batch: makeBatch([put(id, "v")]), otherwise: [], once }]);
    }
    expect(writer.figures.records).toBe(2);
    db.run("update idempotency_records set asked_at = asked_at + 1099511627776 where sequence = 1");
    clock.turn(HOUR_MS + 1);
    upkeepOf(parts, 1000).tick();
    expect([writer.figures.records, writer.figures.recordBytes]).toEqual([0, 0]);
  });
});
