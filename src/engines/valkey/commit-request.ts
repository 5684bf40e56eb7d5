// A batch as commit.lua takes it: its keys, a head, and of each mutation a description and a value. Everything is written at
// fixed places or behind a count; nothing is parsed as text.
import type { Batch, Mutation, Once } from "../../core/batch.ts";
import type { Condition } from "../../core/condition.ts";
import { COUNTER_TYPE, TEXT_TYPE } from "../../core/edit.ts";
import type { Tag } from "../../core/entry.ts";
import type { Expiry } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { formOf } from "../../core/value-form.ts";
import { formNumber, tagBytes } from "./entry-codec.ts";
import type { Partition } from "./layout.ts";
import { makeRecordHead } from "./record.ts";
import type { Argument } from "./reply.ts";

export const NONCE_BYTES = 8;

export interface CommitRequest {
  readonly keys: readonly Argument[];
  readonly args: readonly Argument[];
}

/** What a request holds beside the batch. */
export interface CommitRequestTerms {
  readonly partition: Partition;
  /** Random: with the revision it makes the tag of what is written. */
  readonly nonce: Uint8Array;
  /** Whether the partition is known to have had a revision: it is not to be written to where it has none. */
  readonly isKnown: boolean;
  readonly once: Once | null;
  readonly otherwise: readonly Key[];
  readonly idempotencyAgeMs: number;
  /** Bytes that records may take in one partition. */
  readonly recordBytesMax: number;
}

const OPS = { put: 1, delete: 2, touch: 3, check: 4, add: 5, append: 6 } as const;
const WANTS = { info: 0, before: 1, after: 2 } as const;
const EXPIRIES = { never: 0, keep: 1, at: 2, in: 3 } as const;
const NOTHING = new Uint8Array();
const DESCRIPTION_BYTES = 15;

export function makeCommitRequest(batch: Batch, terms: CommitRequestTerms): CommitRequest {
  const { partition, once, otherwise } = terms;
  const { meta, names, ends, log, records, entryPrefix, recordPrefix } = partition;
  const keys: Argument[] = [meta, names, ends, log];
  // Of what only reads no record is kept, but one that another request has left is found.
  const isNamed = once !== null;
  const args: Argument[] = [makeHead(isNamed, batch.length, terms)];
  if (isNamed) {
    keys.push(`${recordPrefix}${once.id}`, records);
    args.push(Uint8Array.fromHex(once.fingerprint), makeNameTerms(once, terms), makeRecordHead(batch));
  }
  for (const mutation of batch) {
    keys.push(`${entryPrefix}${mutation.key}`);
    args.push(describe(mutation), "value" in mutation ? mutation.value : NOTHING);
  }
  for (const key of otherwise) keys.push(`${entryPrefix}${key}`);
  return { keys, args };
}

function makeHead(isNamed: boolean, count: number, terms: CommitRequestTerms): Uint8Array {
  const { partition, nonce, otherwise, isKnown } = terms;
  const head = Buffer.alloc(7 + NONCE_BYTES);
  head[0] = (isNamed ? 1 : 0) + (isKnown ? 2 : 0);
  head.writeUInt16BE(count, 1);
  head.writeUInt16BE(otherwise.length, 3);
  head.writeUInt16BE(partition.nameAt, 5);
  head.set(nonce, 7);
  return head;
}

function makeNameTerms({ at }: Once, { idempotencyAgeMs, recordBytesMax }: CommitRequestTerms): Uint8Array {
  const bytes = Buffer.alloc(24);
  writeInteger(bytes, at, 0);
  writeInteger(bytes, idempotencyAgeMs, 8);
  writeInteger(bytes, recordBytesMax, 16);
  return bytes;
}

function describe(mutation: Mutation): Uint8Array {
  const { op, want, when } = mutation;
  const { kind, onlyNew, instant } = flattenExpiry("expiry" in mutation ? mutation.expiry : { kind: "keep" });
  const { contentType, form } = createdAs(mutation);
  const type = contentType === "" ? NOTHING : Buffer.from(contentType);
  const conditions = when.map(packCondition);
  const tail = packTail(mutation);
  const rest = [type, ...conditions, tail];
  const bytes = Buffer.allocUnsafe(DESCRIPTION_BYTES + rest.reduce((sum, { length }) => sum + length, 0));
  bytes[0] = OPS[op];
  bytes[1] = WANTS[want];
  bytes[2] = form;
  bytes[3] = EXPIRIES[kind];
  bytes[4] = onlyNew ? 1 : 0;
  writeInteger(bytes, instant, 5);
  bytes[13] = when.length;
  bytes[14] = type.length;
  let at = DESCRIPTION_BYTES;
  for (const part of rest) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Type and form of the entry that a mutation leaves, or creates where it keeps those of one that stands. */
function createdAs(mutation: Mutation): { readonly contentType: string; readonly form: number } {
  switch (mutation.op) {
    case "put":
      return { contentType: mutation.contentType, form: formNumber(mutation.form) };
    case "add":
      return { contentType: COUNTER_TYPE, form: formNumber("json") };
    case "append":
      return { contentType: TEXT_TYPE, form: formNumber(formOf(mutation.value, TEXT_TYPE)) };
    default:
      return { contentType: "", form: 0 };
  }
}

/** What only counters and appends have. */
function packTail(mutation: Mutation): Uint8Array {
  if (mutation.op === "add") {
    const bytes = Buffer.alloc(32);
    const { delta, initial, min, max } = mutation;
    for (const [index, number] of [delta, initial, min, max].entries()) bytes.writeDoubleBE(number, index * 8);
    return bytes;
  }
  if (mutation.op !== "append") return NOTHING;
  const bytes = Buffer.alloc(5);
  bytes[0] = mutation.side === "start" ? 0 : 1;
  bytes.writeUInt32BE(mutation.maxBytes, 1);
  return bytes;
}

/** An expiry that holds only for an entry that is created says the same at any depth. */
function flattenExpiry(expiry: Expiry): {
  readonly kind: keyof typeof EXPIRIES;
  readonly onlyNew: boolean;
  readonly instant: number;
} {
  if (expiry.kind === "ifNew") return { ...flattenExpiry(expiry.expiry), onlyNew: true };
  const instant = expiry.kind === "at" ? expiry.at : expiry.kind === "in" ? Math.max(1, Math.ceil(expiry.ms)) : 0;
  return { kind: expiry.kind, onlyNew: false, instant };
}

function packCondition(condition: Condition): Uint8Array {
  switch (condition.is) {
    case "absent":
      return Uint8Array.of(1);
    case "present":
      return Uint8Array.of(2);
    case "at":
      return packTags(3, condition.tags);
    case "atRevision":
      return packNumber(4, condition.revision);
    case "notAt":
      return packTags(5, condition.tags);
    case "endsAt":
      return packNumber(7, condition.at ?? 0);
    case "unmodifiedSince":
      return packNumber(6, condition.at);
    default:
      return condition satisfies never;
  }
}

/** Tags that no entry here can have are left out: they are equal to none. */
function packTags(kind: number, tags: readonly Tag[]): Uint8Array {
  const known = tags.map(tagBytes).filter((bytes) => bytes !== null);
  const bytes = Buffer.alloc(3 + known.length * 16);
  bytes[0] = kind;
  bytes.writeUInt16BE(known.length, 1);
  for (const [index, tag] of known.entries()) bytes.set(tag, 3 + index * 16);
  return bytes;
}

function packNumber(kind: number, number: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = kind;
  writeInteger(bytes, number, 1);
  return bytes;
}

/** Requires: a safe integer that is not negative. */
function writeInteger(bytes: Buffer, number: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), at);
  bytes.writeUInt32BE(number % 2 ** 32, at + 4);
}
