// The SQLite engine's writer without its thread: on this thread, under clocks that the test turns.
import type { Database } from "bun:sqlite";
import { toEpochMs } from "../../src/core/expiry.ts";
import type { Key } from "../../src/core/key.ts";
import { closeWhole, openReader, openWriter } from "../../src/engines/sqlite/database.ts";
import { DiskReserve } from "../../src/engines/sqlite/disk-reserve.ts";
import { type StoreFiles, storeFiles } from "../../src/engines/sqlite/layout.ts";
import type { WriteAnswer, WriteRequest } from "../../src/engines/sqlite/messages.ts";
import { Reader } from "../../src/engines/sqlite/reader.ts";
import { Writer } from "../../src/engines/sqlite/writer.ts";
import { makeTallyMemory, WriterTally } from "../../src/engines/sqlite/writer-tally.ts";
import { makeMarksMemory, WriteMarker } from "../../src/store/write-marks.ts";
import { textOf } from "./requests.ts";
import { withTemporaryDirectory } from "./temporary-directory.ts";
import { makeTurnableClock, type TurnableClock } from "./turnable-clock.ts";

export const INCARNATION = "writer1";

export interface WriterUnderTest {
  readonly db: Database;
  readonly files: StoreFiles;
  readonly writer: Writer;
  readonly tally: WriterTally;
  readonly reader: Reader;
  readonly clock: TurnableClock;
  /** What `steadyMs` answers, call after call; the last one for ever. */
  readonly steadyMs: number[];
  readonly fatalReasons: string[];
  /** Applies a group; the answers of each of its transactions. */
  apply(requests: readonly WriteRequest[]): readonly (readonly WriteAnswer[])[];
  /** The live value of a key as text; null for none. */
  value(key: Key): string | null;
}

export async function withWriter(
  body: (parts: WriterUnderTest) => void | Promise<void>,
  { reserveBytes = 0, reserve }: { readonly reserveBytes?: number; readonly reserve?: Pick<DiskReserve, "grant"> } = {},
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const files = storeFiles(directory);
    const db = openWriter(files, "full", { incarnation: INCARNATION, now: toEpochMs(1) });
    const reader = new Reader(openReader(files), INCARNATION);
    try {
      await body(makeParts({ db, files, reader, reserve: reserve ?? diskReserve(files, reserveBytes) }));
    } finally {
      reader.close();
      closeWhole(db);
    }
  });
}

function diskReserve({ directory }: StoreFiles, reserveBytes: number): DiskReserve {
  const none = () => 0;
  return new DiskReserve({
    directory,
    reserveBytes,
    steadyMs: () => performance.now(),
    reusableBytes: none,
    owedBytes: none,
  });
}

function makeParts(given: {
  readonly db: Database;
  readonly files: StoreFiles;
  readonly reader: Reader;
  readonly reserve: Pick<DiskReserve, "grant">;
}): WriterUnderTest {
  const { db, files, reader, reserve } = given;
  const clock = makeTurnableClock();
  const steadyMs = [0];
  const fatalReasons: string[] = [];
  const tally = new WriterTally(makeTallyMemory());
  const writer = new Writer({
    db,
    incarnation: INCARNATION,
    state: { revision: 0, sequence: 0, entries: 0, records: 0, recordBytes: 0, highestInstant: 0, expired: 0 },
    receipts: { idempotencyAgeMs: 3_600_000, idempotencyBytes: 1_000_000 },
    now: clock.now,
    steadyMs: () => (steadyMs.length > 1 ? steadyMs.shift() : steadyMs[0]) ?? 0,
    reserve,
    tally,
    marker: new WriteMarker(makeMarksMemory()),
    onProgress: () => {},
    onFatal: (reason) => fatalReasons.push(reason),
  });
  return {
    db,
    files,
    writer,
    tally,
    reader,
    clock,
    steadyMs,
    fatalReasons,
    apply(requests) {
      const groups: (readonly WriteAnswer[])[] = [];
      writer.applyGroup(requests, (answers) => groups.push(answers));
      return groups;
    },
    value(key) {
      const entry = reader.get(key, clock.now());
      return entry === null ? null : textOf(entry.value);
    },
  };
}
