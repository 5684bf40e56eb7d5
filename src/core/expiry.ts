// Instants, how long an entry lives, and the clock that both are judged by. An entry is gone at its instant, whatever the
// sweeper does: every read and every judgement asks isAlive() with the store's clock.
import type { Brand } from "./brand.ts";
import { LIMITS } from "./limits.ts";

/** Milliseconds since the Unix epoch. */
export type EpochMs = Brand<number, "EpochMs">;

/** Tells the time by which entries live and end. Never runs backwards. */
export type Clock = () => EpochMs;

/**
 * When an entry is to end: never; at an instant; a time after the write is applied, by the store's clock; whatever the
 * entry has now ("keep"; a new entry then never ends); or as `expiry` says if the write creates it, else what it has now.
 */
export type Expiry =
  | { readonly kind: "never" }
  | { readonly kind: "keep" }
  | { readonly kind: "at"; readonly at: EpochMs }
  | { readonly kind: "in"; readonly ms: number }
  | { readonly kind: "ifNew"; readonly expiry: Expiry };

export const NEVER: Expiry = { kind: "never" };
export const KEEP: Expiry = { kind: "keep" };

/** Requires: an integer from 0 to LIMITS.latestInstantMs. */
export function toEpochMs(ms: number): EpochMs {
  return ms as EpochMs;
}

/** Whether an entry with this end is there at `now`. */
export function isAlive(expiresAt: EpochMs | null, now: EpochMs): boolean {
  return expiresAt === null || expiresAt > now;
}

/** The end of an entry that stands, as far as a write is about it. */
export interface Ending {
  readonly expiresAt: EpochMs | null;
}

/**
 * The instant that an expiry means for a write applied at `now` over what stood `before`; null there for no entry.
 * A relative expiry lies at least 1 ms ahead, and none lies beyond LIMITS.latestInstantMs.
 */
export function resolveExpiry(expiry: Expiry, now: EpochMs, before: Ending | null): EpochMs | null {
  switch (expiry.kind) {
    case "never":
      return null;
    case "keep":
      return before?.expiresAt ?? null;
    case "at":
      return expiry.at;
    case "in":
      return toEpochMs(Math.min(now + Math.max(1, Math.ceil(expiry.ms)), LIMITS.latestInstantMs));
    case "ifNew":
      return before === null ? resolveExpiry(expiry.expiry, now, null) : before.expiresAt;
    default:
      return expiry satisfies never;
  }
}

/** Whole seconds left, rounded up, at least 1. Requires: alive at `now`. */
export function secondsLeft(expiresAt: EpochMs, now: EpochMs): number {
  return Math.max(1, Math.ceil((expiresAt - now) / 1000));
}

/** The highest instant that any clock of a store has told. Threads that share a store share one. */
export interface HighestInstant {
  load(): number;
  /** Without effect where it is as high already. */
  raise(instant: number): void;
}

/** For a store that one thread keeps. */
export function makeHighestInstant(): HighestInstant {
  let highest = 0;
  return {
    load: () => highest,
    raise(instant) {
      if (instant > highest) highest = instant;
    },
  };
}

/**
 * A clock that follows `wallMs` forward and, where that stands still or is set back, goes on by `steadyMs`, which must be
 * monotonic. It tells no instant before one that another clock with the same `highest` has told: what one thread has judged
 * to be over is over for all.
 */
export function makeClock(source: {
  readonly wallMs: () => number;
  readonly steadyMs: () => number;
  readonly highest: HighestInstant;
}): Clock {
  const { wallMs, steadyMs, highest } = source;
  let base = Math.max(Math.floor(wallMs()), highest.load());
  let baseAt = steadyMs();
  return () => {
    // In this order: a thread that is held up between the two is behind then, and catches up; the other way round it were ahead for good.
    const wall = wallMs();
    const steady = steadyMs();
    const known = Math.max(wall, highest.load());
    const carried = base + Math.floor(steady - baseAt);
    // Not where they are equal: a clock that stands still would be taken for the start of each next millisecond.
    if (known > carried) {
      base = known;
      baseAt = steady;
    }
    const now = Math.max(known, carried);
    highest.raise(now);
    return toEpochMs(now);
  };
}
