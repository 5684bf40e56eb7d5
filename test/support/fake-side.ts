// A side of a copy in memory, for tests of what reads and writes sides: its clock is turned by the test, its partitions are
// as many as the test says, and what is put is noted batch by batch.
import type { CopiedEntry, WriteSide } from "../../src/cli/copy/side.ts";
import { isAlive, toEpochMs } from "../../src/core/expiry.ts";
import { compareKeys, type Key, parseKey } from "../../src/core/key.ts";
import { contentOfBytes } from "../../src/wire/entry-json.ts";

export interface FakeSide extends WriteSide {
  readonly held: Map<Key, CopiedEntry>;
  /** The keys of each put, in the order in which they were asked. */
  readonly puts: readonly (readonly Key[])[];
  /** Puts that were under way at once at most. */
  readonly inFlightMax: () => number;
  setNow(ms: number): void;
  /** The next puts fail so, one each; then they succeed again. */
  failPuts(errors: readonly Error[]): void;
}

export function entryOf(key: string, text: string, expiresAt: number | null = null): CopiedEntry {
  const content = contentOfBytes(new TextEncoder().encode(text), "text/plain");
  return { key: parseKey(key), ...content, expiresAt: expiresAt === null ? null : toEpochMs(expiresAt) };
}

export function makeFakeSide(
  name: string,
  entries: readonly CopiedEntry[],
  { partitions = 1, pageEntries = 3, valueBytesMax = null }: FakeSideOptions = {},
): FakeSide {
  const held = new Map(entries.map((entry) => [entry.key, entry]));
  const puts: Key[][] = [];
  const failures: Error[] = [];
  let nowMs = 1000;
  let inFlight = 0;
  let inFlightMax = 0;
  const now = () => toEpochMs(nowMs);
  const live = (entry: CopiedEntry | undefined) => (entry && isAlive(entry.expiresAt, now()) ? entry : null);
  return {
    name,
    incarnation: name,
    mayBeWritten: false,
    now,
    held,
    puts,
    inFlightMax: () => inFlightMax,
    setNow: (ms) => {
      nowMs = ms;
    },
    failPuts: (errors) => failures.push(...errors),
    async *pages(after) {
      const keys = [...held.keys()].filter((key) => after === null || compareKeys(key, after) > 0).sort(compareKeys);
      for (let first = 0; first < keys.length; first += pageEntries) {
        yield keys.slice(first, first + pageEntries).flatMap((key) => live(held.get(key)) ?? []);
      }
    },
    read: async (keys) => keys.map((key) => live(held.get(key))),
    entriesAbout: async () => held.size,
    tokens: null,
    log: null,
    valueBytesMax,
    partitionOf: (key) => String(key.length % partitions),
    async put(batch) {
      puts.push(batch.map(({ key }) => key));
      inFlightMax = Math.max(inFlightMax, ++inFlight);
      await new Promise(setImmediate);
      inFlight--;
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      for (const entry of batch) held.set(entry.key, entry);
      return { imported: batch.length, skipped: 0, expired: 0 };
    },
    async remove(keys) {
      for (const key of keys) held.delete(key);
    },
    putToken: null,
    close: async () => {},
  };
}

interface FakeSideOptions {
  readonly partitions?: number;
  readonly pageEntries?: number;
  readonly valueBytesMax?: number | null;
}
