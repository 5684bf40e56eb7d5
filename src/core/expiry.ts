// Instants, how long an entry lives, and the clock that both are judged by. An entry is gone at its instant, whatever the
// sweeper does: every read and every judgement asks isAlive() with the store's clock.
import type { Brand } from "./brand.ts";
import { LIMITS } from "./limits.ts";

/** Milliseconds since the Unix epoch. */
export type EpochMs = Brand<number, "EpochMs">;

/** Tells the time by which entries live and end. Never runs backwards. */
export type Clock = () => EpochMs;

/**
 * When an entry is to end: never; at an instant; a time after the write is applied, by the store's clock; or whatever the
 * entry has now ("keep"; a new entry then never ends).
 */
export type Expiry =
  | { readonly kind: "never" }
  | { readonly kind: "keep" }
  | { readonly kind: "at"; readonly at: EpochMs }
  | { readonly kind: "in"; readonly ms: number };

export const NEVER: Expiry = { kind: "never" };

/** Requires: an integer from 0 to LIMITS.latestInstantMs. */
export function toEpochMs(ms: number): EpochMs {
  return ms as EpochMs;
}

/** Whether an entry with this end is there at `now`. */
export function isAlive(expiresAt: EpochMs | null, now: EpochMs): boolean {
  return expiresAt === null || expiresAt > now;
}

/**
 * The instant that an expiry means for a write applied at `now` to an entry that ended at `before`.
 * A relative expiry lies at least 1 ms ahead, and none lies beyond LIMITS.latestInstantMs.
 */
export function resolveExpiry(expiry: Expiry, now: EpochMs, before: EpochMs | null): EpochMs | null {
  switch (expiry.kind) {
    case "never":
      return null;
    case "keep":
      return before;
    case "at":
      return expiry.at;
    case "in":
      return toEpochMs(Math.min(now + Math.max(1, Math.ceil(expiry.ms)), LIMITS.latestInstantMs));
    default:
      return expiry satisfies never;
  }
}

/** Whole seconds left, rounded up, at least 1. Requires: alive at `now`. */
export function secondsLeft(expiresAt: EpochMs, now: EpochMs): number {
  return Math.max(1, Math.ceil((expiresAt - now) / 1000));
}

/**
 * A clock that follows `wallMs` forward and, where that stands still or is set back, goes on by `steadyMs`, which must be
 * monotonic. It starts no earlier than `notBefore`, the highest instant that the store has seen in an earlier life.
 */
export function makeClock(wallMs: () => number, steadyMs: () => number, notBefore: EpochMs): Clock {
  let highest = Math.max(Math.floor(wallMs()), notBefore);
  let highestAt = steadyMs();
  return () => {
    const steady = steadyMs();
    const carried = highest + Math.floor(steady - highestAt);
    const wall = wallMs();
    // Not where they are equal: a clock that stands still would be taken for the start of each next millisecond.
    if (wall > carried) {
      highest = wall;
      highestAt = steady;
      return toEpochMs(wall);
    }
    return toEpochMs(carried);
  };
}
