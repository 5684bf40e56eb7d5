// Two stores compared by reading both, side by side in key order. What differs at first sight is read again on both sides
// before it counts: an entry may have ended, or been written, between the two readings.
import { isAlive, toEpochMs } from "../../core/expiry.ts";
import { compareKeys, type Key } from "../../core/key.ts";
import { ContentChecksum, isSameContent } from "./checksum.ts";
import { walk } from "./entry-walk.ts";
import type { CopiedEntry, ReadSide } from "./side.ts";

/** How two stores differ. "missing" and "extra" are said of the second. */
export type DifferenceKind = "missing" | "extra" | "different";

export interface Comparison {
  readonly source: SideFacts;
  readonly target: SideFacts;
  readonly differences: Readonly<Record<DifferenceKind, number>>;
  /** The first keys of them. */
  readonly shown: readonly { readonly kind: DifferenceKind; readonly key: Key }[];
  /** Pairs that were different at first, and were the same, or had both ended, when they were read again. */
  readonly settled: number;
}

export interface SideFacts {
  readonly entries: number;
  /** Of values. */
  readonly bytes: number;
  readonly sha256: string;
}

export interface CompareTerms {
  /** Whether entries that stand in the target alone are passed over: it had some before. */
  readonly passesOverExtra: boolean;
  /** Told after each step: entries and bytes read of the source so far. */
  readonly onProgress: (read: { readonly entries: number; readonly bytes: number }) => void;
  /** @throws to end the comparison */
  readonly pause: () => void;
}

/** A key with what the two sides have of it; one at least is there. */
interface Pair {
  readonly key: Key;
  readonly source: CopiedEntry | null;
  readonly target: CopiedEntry | null;
}

/** Pairs resolved together, and bytes of values in them: what is read again is asked for at once. */
const STEP_PAIRS = 1000;
const STEP_BYTES = 4 * 1024 * 1024;
const SHOWN_MAX = 10;

export async function compare(source: ReadSide, target: ReadSide, terms: CompareTerms): Promise<Comparison> {
  const tally = new ComparisonTally();
  let step: Pair[] = [];
  let bytes = 0;
  const finishStep = async () => {
    for (const pair of await resolve(step, source, target)) tally.add(pair);
    step = [];
    bytes = 0;
    terms.onProgress(tally.read);
    terms.pause();
  };
  for await (const pair of pairsOf(source, target)) {
    if (pair.source === null && terms.passesOverExtra) continue;
    step.push(pair);
    bytes += (pair.source?.value.length ?? 0) + (pair.target?.value.length ?? 0);
    if (step.length >= STEP_PAIRS || bytes >= STEP_BYTES) await finishStep();
  }
  await finishStep();
  return tally.comparison();
}

class ComparisonTally {
  readonly #source = new ContentChecksum();
  readonly #target = new ContentChecksum();
  readonly #differences = { missing: 0, extra: 0, different: 0 };
  readonly #shown: { readonly kind: DifferenceKind; readonly key: Key }[] = [];
  #settled = 0;

  get read(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#source.entries, bytes: this.#source.bytes };
  }

  add({ key, source, target, isSettled }: Pair & { readonly isSettled: boolean }): void {
    if (isSettled) this.#settled++;
    if (source !== null) this.#source.add(source);
    if (target !== null) this.#target.add(target);
    const kind = differenceOf(source, target);
    if (kind === null) return;
    this.#differences[kind]++;
    if (this.#shown.length < SHOWN_MAX) this.#shown.push({ kind, key });
  }

  comparison(): Comparison {
    return {
      source: factsOf(this.#source),
      target: factsOf(this.#target),
      differences: this.#differences,
      shown: this.#shown,
      settled: this.#settled,
    };
  }
}

function factsOf(checksum: ContentChecksum): SideFacts {
  return { entries: checksum.entries, bytes: checksum.bytes, sha256: checksum.digest() };
}

function differenceOf(source: CopiedEntry | null, target: CopiedEntry | null): DifferenceKind | null {
  if (source === null) return target === null ? null : "extra";
  if (target === null) return "missing";
  return isSameContent(source, target) ? null : "different";
}

/** Both walks side by side. */
async function* pairsOf(source: ReadSide, target: ReadSide): AsyncGenerator<Pair> {
  const left = walk(source.pages(null));
  const right = walk(target.pages(null));
  try {
    let [a, b] = [await left.next(), await right.next()];
    while (a !== null || b !== null) {
      const order = a === null ? 1 : b === null ? -1 : compareKeys(a.key, b.key);
      const key = (order <= 0 ? a?.key : b?.key) ?? null;
      if (key === null) return;
      yield { key, source: order <= 0 ? a : null, target: order >= 0 ? b : null };
      if (order <= 0) a = left.take() ?? (await left.next());
      if (order >= 0) b = right.take() ?? (await right.next());
    }
  } finally {
    await Promise.all([left.end(), right.end()]);
  }
}

/** The pairs in their order, those that differ as both sides have them now. */
async function resolve(
  pairs: readonly Pair[],
  source: ReadSide,
  target: ReadSide,
): Promise<readonly (Pair & { readonly isSettled: boolean })[]> {
  const doubtful = pairs.filter((pair) => differenceOf(pair.source, pair.target) !== null).map(({ key }) => key);
  if (doubtful.length === 0) return pairs.map((pair) => ({ ...pair, isSettled: false }));
  const [atSource, atTarget] = await Promise.all([source.read(doubtful), target.read(doubtful)]);
  // By the later of the two clocks, so that what has ended for one has for both.
  const now = toEpochMs(Math.max(source.now(), target.now()));
  const alive = (entry: CopiedEntry | null | undefined) =>
    entry !== null && entry !== undefined && isAlive(entry.expiresAt, now) ? entry : null;
  const found = new Map(
    doubtful.map((key, index) => [key, { source: alive(atSource[index]), target: alive(atTarget[index]) }]),
  );
  return pairs.map((pair) => {
    const again = found.get(pair.key);
    if (again === undefined) return { ...pair, isSettled: false };
    return { key: pair.key, ...again, isSettled: differenceOf(again.source, again.target) === null };
  });
}
