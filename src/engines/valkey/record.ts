// The record of a write that names itself, kept beside what it wrote so that asking again is answered from it. A stored
// format, layout version 1 (docs/formats.md): fingerprint of 32 bytes, instant of 8; a head that says which keys, and what
// was put where the write asked to see it; then what the commit script answered.
import type { Batch, Mutation, Want } from "../../core/batch.ts";
import { type Entry, type EntryInfo, infoOf, toRevision } from "../../core/entry.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { type Key, parseKey } from "../../core/key.ts";
import type { CommitResult, Outcome, Receipt } from "../../store/store.ts";
import { ReplyReader } from "./reply-reader.ts";

export type Committed = Extract<CommitResult, { committed: true }>;

/** What an outcome is made of, beside what the script answers. */
export interface Asked {
  readonly key: Key;
  readonly want: Want;
  /** What was put, where it is to be shown; null else. */
  readonly value: Uint8Array | null;
}

const WANTS: readonly Want[] = ["info", "before", "after"];
const FINGERPRINT_BYTES = 32;

export function askedOf(mutation: Mutation): Asked {
  const { key, want, op } = mutation;
  return { key, want, value: op === "put" && want === "after" ? mutation.value : null };
}

export function makeRecordHead(batch: Batch): Uint8Array {
  const parts = batch.map(askedOf).map(({ key, want, value }) => {
    const name = Buffer.from(key);
    const head = Buffer.alloc(6);
    head[0] = WANTS.indexOf(want) + (value === null ? 0 : WANTS.length);
    head[1] = name.length;
    head.writeUInt32BE(value?.length ?? 0, 2);
    return Buffer.concat(value === null ? [head, name] : [head, name, value]);
  });
  const count = Buffer.alloc(2);
  count.writeUInt16BE(batch.length);
  return Buffer.concat([count, ...parts]);
}

/** Requires: a whole record. */
export function parseRecord(bytes: Uint8Array): Receipt {
  return toReceipt(readRecord(new ReplyReader(bytes)));
}

export function readRecord(reader: ReplyReader) {
  const fingerprint = reader.bytes(FINGERPRINT_BYTES).toString("hex");
  const at = toEpochMs(reader.uint64());
  const asked = Array.from({ length: reader.uint16() }, (): Asked => {
    const form = reader.byte();
    const nameBytes = reader.byte();
    const valueBytes = reader.uint32();
    const key = parseKey(reader.text(nameBytes));
    const value = form < WANTS.length ? null : reader.bytes(valueBytes);
    return { key, want: WANTS[form % WANTS.length] ?? "info", value };
  });
  return { fingerprint, at, result: readDone(reader, asked) };
}

/** What the commit script answers of a batch that it has applied: revision, instant, outcomes. */
export function readDone(reader: ReplyReader, asked: readonly Asked[]): Committed {
  const revision = toRevision(reader.uint64());
  const at = toEpochMs(reader.uint64());
  const outcomes = asked.map((each) => readOutcome(reader, each));
  return { committed: true, revision, outcomes, at, isReplay: false };
}

function toReceipt({ fingerprint, at, result }: ReturnType<typeof readRecord>): Receipt {
  return { fingerprint, at, did: { kind: "committed", result } };
}

function readOutcome(reader: ReplyReader, { key, want, value }: Asked): Outcome {
  const before = reader.entry(key);
  const after = reader.entry(key);
  return { before: want === "before" ? before : infoOf(before), after: shownAfter(after, want, value) };
}

/** What was put is known and not sent back; what an edit has left comes with its value. */
function shownAfter(after: EntryInfo | Entry | null, want: Want, value: Uint8Array | null): EntryInfo | Entry | null {
  if (want !== "after") return infoOf(after);
  return value !== null && after !== null ? { ...after, value } : after;
}
