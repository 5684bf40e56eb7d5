// The errors that are injected, and in which order: each kind of error at the first, second, third … of its calls, over all of a
// server's life from its start to its stop. strace counts the calls of each thread apart.
import { type SeededRandom, shuffled } from "../../support/seeded-random.ts";

export interface Kind {
  readonly call: string;
  /** An errno, or a signal that ends the server inside of the call. */
  readonly what: "EIO" | "ENOSPC" | "SIGKILL";
  /** Only calls on files of the store count: those that the runtime makes for itself too are left out. */
  readonly isByPath: boolean;
}

export interface Injection extends Kind {
  /** Which call of its thread, from 1 on. */
  readonly when: number;
  /** Whether all that come after it fail too. */
  readonly isLasting: boolean;
}

/** How often each call is taken, next to the others. */
const CALLS = [
  { call: "fsync", isByPath: false, weight: 4 },
  { call: "pwrite64", isByPath: false, weight: 6 },
  { call: "ftruncate", isByPath: false, weight: 1 },
  { call: "openat", isByPath: true, weight: 1 },
  { call: "write", isByPath: true, weight: 1 },
  { call: "rename", isByPath: true, weight: 1 },
  { call: "unlink", isByPath: true, weight: 1 },
] as const;
const WHATS = ["EIO", "ENOSPC", "SIGKILL"] as const;

export const CALL_NAMES: readonly string[] = CALLS.map(({ call }) => call);

/** Most calls of one thread in a whole life, by name. */
export type CallCounts = ReadonlyMap<string, number>;

/**
 * Without end: a sync and a write in the middle of a life first, whose answers are known; then each kind in turn, each at calls drawn
 * without repetition until all had their turn.
 */
export function* drawInjections(random: SeededRandom, counts: CallCounts): Generator<Injection> {
  const kinds = CALLS.flatMap(({ weight, ...call }) => WHATS.flatMap((what) => Array(weight).fill({ ...call, what })));
  const decks = new Map<string, number[]>();
  for (const call of ["fsync", "pwrite64"])
    yield { call, what: "EIO", isByPath: false, when: Math.ceil((counts.get(call) ?? 1) / 2), isLasting: false };
  for (;;) {
    for (const kind of shuffled(random, kinds)) {
      const name = `${kind.call} ${kind.what}`;
      const deck = decks.get(name) ?? [];
      if (deck.length === 0) deck.push(...shuffled(random, upTo(counts.get(kind.call) ?? 1)));
      decks.set(name, deck);
      yield { ...kind, when: deck.pop() ?? 1, isLasting: kind.what !== "SIGKILL" && random.oneIn(3) };
    }
  }
}

export function describe({ call, what, when, isLasting }: Injection): string {
  return `${what} at ${call} ${when}${isLasting ? " and later" : ""}`;
}

/** As strace takes it. */
export function toStrace({ call, what, when, isLasting }: Injection): string {
  const fault = what === "SIGKILL" ? "signal=SIGKILL" : `error=${what}`;
  return `${call}:${fault}:when=${when}${isLasting ? "+" : ""}`;
}

function upTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
