// What commit.lua answers, read back: a byte that says what became of the batch, then figures, entries, outcomes.
import type { Batch } from "../../core/batch.ts";
import { notAnInteger, outOfRange, tooLong } from "../../core/edit.ts";
import { hasValue, infoOf } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { requireReadBytes } from "../../core/judge.ts";
import type { Key } from "../../core/key.ts";
import { refuseMoreRecords, reusedName } from "../../store/receipt.ts";
import type { CommitResult } from "../../store/store.ts";
import { damagedEntry } from "./entry-codec.ts";
import { askedOf, readDone, readRecord } from "./record.ts";
import { ReplyReader } from "./reply-reader.ts";

/** Figures of the partition, as the commit has left them. */
export interface PartitionFigures {
  readonly entries: number;
  readonly records: number;
  readonly recordBytes: number;
}

export interface CommitAnswer {
  readonly result: CommitResult;
  /** Those that the commit has changed. */
  readonly figures: Partial<PartitionFigures>;
  /** Entries removed because they had ended. */
  readonly expired: number;
}

const STATUS = {
  done: 1,
  conflicts: 2,
  refused: 3,
  readsTooMuch: 4,
  replay: 6,
  reused: 7,
  recordsFull: 8,
  damaged: 9,
  emptied: 10,
} as const;
/** Of a partition whose entries are gone, with its log and its revision: who wrote on would make one store of two. */
export const EMPTIED =
  "A server of the store has been emptied: what it held is gone, and nothing is written to it; bring its data back, or restart Keyhold to go on without";

/** Stands for a figure that is as it was. */
const UNCHANGED = 2 ** 32 - 1;
const REFUSALS = { integer: 1, range: 2, length: 3 } as const;

export interface CommitAsked {
  readonly batch: Batch;
  readonly otherwise: readonly Key[];
  readonly recordBytesMax: number;
}

/** @throws what the batch was refused with: "damaged-entry", "not-an-integer", "out-of-range", "value-too-large", "body-too-large", "idempotency-key-reused", "busy" */
export function readCommitReply(bytes: Uint8Array, { batch, otherwise, recordBytesMax }: CommitAsked): CommitAnswer {
  const reader = new ReplyReader(bytes);
  const status = reader.byte();
  if (status === STATUS.done) {
    const [entries, records, recordBytes] = [reader.uint32(), reader.uint32(), reader.uint64()];
    const figures = {
      ...(entries !== UNCHANGED && { entries }),
      ...(records !== UNCHANGED && { records, recordBytes }),
    };
    return { figures, expired: reader.uint16(), result: readDone(reader, batch.map(askedOf)) };
  }
  if (status === STATUS.replay) {
    return { result: { ...readRecord(reader).result, isReplay: true }, figures: {}, expired: 0 };
  }
  if (status === STATUS.conflicts) {
    return { result: readConflicts(reader, batch, otherwise), figures: {}, expired: 0 };
  }
  if (status === STATUS.refused) throw readRefusal(reader, batch);
  if (status === STATUS.emptied) throw new KeyholdError("unavailable", EMPTIED);
  if (status === STATUS.damaged) {
    const keys = [...batch.map(({ key }) => key), ...otherwise];
    throw damagedEntry(keys[reader.uint16()] ?? null);
  }
  if (status === STATUS.readsTooMuch) requireReadBytes(reader.uint64());
  if (status === STATUS.reused) throw reusedName();
  if (status === STATUS.recordsFull) refuseMoreRecords(recordBytesMax);
  throw new KeyholdError("internal", `The commit script answered status ${status}`);
}

function readConflicts(reader: ReplyReader, batch: Batch, otherwise: readonly Key[]): CommitResult {
  const conflicts = Array.from({ length: reader.uint16() }, () => {
    const index = reader.uint16();
    const key = batch[index]?.key;
    if (key === undefined) throw new KeyholdError("internal", "The commit script answered a conflict of no mutation");
    return { index, current: infoOf(reader.entry(key)) };
  });
  const read = otherwise.map((key) => {
    const entry = reader.entry(key);
    if (entry !== null && !hasValue(entry)) throw new KeyholdError("internal", "The commit script left out a value");
    return entry;
  });
  return { committed: false, conflicts, otherwise: read };
}

function readRefusal(reader: ReplyReader, batch: Batch): KeyholdError {
  const reason = reader.byte();
  const mutation = batch[reader.uint16()];
  const value = Number(reader.text(reader.byte()));
  const entry = mutation === undefined ? null : reader.entry(mutation.key);
  if (mutation?.op === "add" && reason === REFUSALS.range) return outOfRange(mutation, value, entry?.expiresAt ?? null);
  if (mutation?.op === "add" && entry !== null && reason === REFUSALS.integer) return notAnInteger(entry);
  if (mutation?.op === "append" && reason === REFUSALS.length) return tooLong(mutation, value);
  return new KeyholdError("internal", `The commit script refused for reason ${reason}`);
}
