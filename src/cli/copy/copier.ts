// Puts the entries of one store into another.
//
// Entries are read in key order and put in windows: those of a window are divided by the partitions of the target, and its
// batches are under way together, while the next window is read. Where a window ends stands in the place that is kept, so:
//
// 1. What lies at or before that place has been put and acknowledged, in every partition.
// 2. What is put again after a kill is what was put: a put says what stands, whatever stood there.
// 3. Memory holds two windows at most.
//
import { KeyholdError } from "../../core/errors.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { ConflictPolicy, Imported } from "../../service/transfer.ts";
import type { CopiedEntry, ReadSide, WriteSide } from "./side.ts";

/** What has been put so far. */
export interface CopyCounts extends Imported {
  /** Of values, those that were left out included. */
  readonly bytes: number;
}

export const NOTHING_COPIED: CopyCounts = { imported: 0, skipped: 0, expired: 0, bytes: 0 };

export interface CopyTerms {
  readonly policy: ConflictPolicy;
  /** Behind which key it goes on; null from the first. */
  readonly after: Key | null;
  readonly counts: CopyCounts;
  /** Told when everything up to a key has been put. */
  readonly onPlace: (place: { readonly after: Key; readonly counts: CopyCounts }) => void;
  /** @throws to end the copy */
  readonly pause: () => void;
}

const WINDOW_ENTRIES = 4000;
const WINDOW_BYTES = 16 * 1024 * 1024;
/** Fewer than a commit takes: each is a short wait for others. */
const BATCH_ENTRIES = 500;
/** Batches under way at once. */
const IN_FLIGHT_MAX = 8;
/** Of one batch, when the target was busy or away: an engine across the network waits by itself before it says so. */
const TRIES = 5;

export async function copyEntries(source: ReadSide, target: WriteSide, terms: CopyTerms): Promise<CopyCounts> {
  let { counts } = terms;
  const windows = windowsOf(source.pages(terms.after));
  let next = windows.next();
  try {
    for (;;) {
      const { value: window, done } = await next;
      if (done === true) return counts;
      terms.pause();
      next = windows.next();
      // Looked at when its turn comes: until then a fault of reading is nobody's.
      next.catch(() => {});
      counts = add(counts, await putAll(window, target, terms));
      const last = window.at(-1);
      if (last !== undefined) terms.onPlace({ after: last.key, counts });
    }
  } finally {
    await windows.return(undefined).catch(() => {});
  }
}

/** Puts entries with distinct keys, batch by batch, and waits for all. @throws what the first batch that failed met */
export async function putAll(
  entries: readonly CopiedEntry[],
  target: WriteSide,
  { policy, pause }: Pick<CopyTerms, "policy" | "pause">,
): Promise<CopyCounts> {
  requireSizes(entries, target);
  let counts = NOTHING_COPIED;
  await inFlight(batchesOf(entries, target), async (batch) => {
    pause();
    const became = await persist({ policy, pause }, () => target.put(batch, policy));
    counts = add(counts, { ...became, bytes: bytesOf(batch) });
  });
  return counts;
}

/** Deletes keys, batch by batch. Requires: the target can. */
export async function removeAll(keys: readonly Key[], target: WriteSide, pause: () => void): Promise<void> {
  const { remove } = target;
  if (remove === null) throw new RangeError(`Nothing is deleted in ${target.name} by a copy`);
  const groups = [...Map.groupBy(keys, (key) => target.partitionOf(key)).values()];
  await inFlight(
    groups.flatMap((group) => slices(group)),
    (batch) => persist({ policy: "replace", pause }, () => remove(batch)),
  );
}

async function* windowsOf(pages: AsyncIterable<readonly CopiedEntry[]>): AsyncGenerator<readonly CopiedEntry[], void> {
  let window: CopiedEntry[] = [];
  let bytes = 0;
  for await (const page of pages) {
    for (const entry of page) {
      window.push(entry);
      bytes += entry.value.length;
      if (window.length < WINDOW_ENTRIES && bytes < WINDOW_BYTES) continue;
      yield window;
      window = [];
      bytes = 0;
    }
  }
  if (window.length > 0) yield window;
}

/** Each of one partition, and of as much as one commit takes. */
function batchesOf(entries: readonly CopiedEntry[], target: WriteSide): readonly (readonly CopiedEntry[])[] {
  const groups = [...Map.groupBy(entries, ({ key }) => target.partitionOf(key)).values()];
  return groups.flatMap((group) => {
    const batches: CopiedEntry[][] = [];
    let batch: CopiedEntry[] = [];
    let bytes = 0;
    for (const entry of group) {
      const isFull =
        batch.length === BATCH_ENTRIES || (batch.length > 0 && bytes + entry.value.length > LIMITS.batchBytes);
      if (isFull || batches.length === 0) {
        batch = [];
        bytes = 0;
        batches.push(batch);
      }
      batch.push(entry);
      bytes += entry.value.length;
    }
    return batches;
  });
}

function slices<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / BATCH_ENTRIES) }, (_, index) =>
    items.slice(index * BATCH_ENTRIES, (index + 1) * BATCH_ENTRIES),
  );
}

/** All have ended when it has, also where one failed: nothing is written behind the back of who closes the store. */
async function inFlight<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let index = 0;
  let hasFailed = false;
  const lane = async () => {
    for (let item = items[index++]; item !== undefined && !hasFailed; item = items[index++]) {
      try {
        await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: IN_FLIGHT_MAX }, lane));
  const failed = lanes.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Tries again what may be done twice. Under "fail" an entry of our own would be in the way of itself. */
async function persist<T>({ policy, pause }: Pick<CopyTerms, "policy" | "pause">, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || policy === "fail" || !isPassing(error)) throw error;
      pause();
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof KeyholdError && ["busy", "unavailable", "outcome-unknown"].includes(error.code);
}

function requireSizes(entries: readonly CopiedEntry[], { valueBytesMax, name }: WriteSide): void {
  if (valueBytesMax === null) return;
  const large = entries.find(({ value }) => value.length > valueBytesMax);
  if (large === undefined) return;
  throw new KeyholdError(
    "value-too-large",
    `Cannot copy ${JSON.stringify(large.key)}: it has ${large.value.length} bytes, and ${name} takes values of at most ${valueBytesMax}; delete it, or make it smaller, and go on`,
  );
}

function bytesOf(entries: readonly CopiedEntry[]): number {
  return entries.reduce((sum, { value }) => sum + value.length, 0);
}

function add(a: CopyCounts, b: CopyCounts): CopyCounts {
  return {
    imported: a.imported + b.imported,
    skipped: a.skipped + b.skipped,
    expired: a.expired + b.expired,
    bytes: a.bytes + b.bytes,
  };
}
