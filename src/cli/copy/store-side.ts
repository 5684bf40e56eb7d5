// A store as a side of a copy: opened by this command, or read while a server holds it.

import type { OpenTransfer } from "../../compose.ts";
import { ALWAYS } from "../../core/condition.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { EVERY_KEY } from "../../core/range.ts";
import { importEntries } from "../../service/transfer.ts";
import type { StoreReading } from "../../store/store.ts";
import type { CopiedEntry, ReadSide, WriteSide } from "./side.ts";

/**
 * @param store - is closed with the side
 * @param mayBeWritten - as in ReadSide
 */
export function makeReadSide(name: string, store: StoreReading, mayBeWritten: boolean): ReadSide {
  return {
    name,
    mayBeWritten,
    incarnation: store.incarnation,
    now: store.now,
    pages: (after) => pagesOf(store, after),
    read: (keys) => store.getMany(keys),
    entriesAbout: async () => store.entriesAbout(),
    tokens: () => store.tokens(),
    log: {
      latestCursor: () => store.latestCursor(),
      changes: (after, limit, upTo) => store.changes(after, limit, upTo),
    },
    close: () => store.close(),
  };
}

/** @param valueBytesMax - as in WriteSide */
export function makeWriteSide(name: string, open: OpenTransfer, valueBytesMax: number | null): WriteSide {
  const { store, entries } = open;
  const reading = makeReadSide(name, toReading(open), true);
  return {
    ...reading,
    valueBytesMax,
    partitionOf: (key) => store.partitionOf(key),
    put: (chunk, policy) => importEntries(entries, chunk, policy),
    async remove(keys) {
      await entries.transact(
        keys.map((key) => ({ op: "delete", key, when: ALWAYS, want: "info" })),
        [],
      );
    },
    putToken: (record) => store.putToken(record, null),
  };
}

/** An opened store as it is read. */
export function toReading({ store, close }: Pick<OpenTransfer, "store" | "close">): StoreReading {
  return {
    incarnation: store.incarnation,
    now: store.now,
    scan: (range) => store.scan(range),
    getMany: (keys) => store.getMany(keys),
    tokens: () => store.tokens(),
    changes: (after, limit, upTo) => store.changes(after, limit, upTo),
    latestCursor: () => store.latestCursor(),
    entriesAbout: () => store.stats().entries,
    close,
  };
}

async function* pagesOf(store: StoreReading, from: Key | null): AsyncGenerator<readonly CopiedEntry[]> {
  let after = from;
  do {
    const page = await store.scan({ ...EVERY_KEY, after, reverse: false, limit: LIMITS.batchMutations });
    yield page.items;
    after = page.next;
  } while (after !== null);
}
