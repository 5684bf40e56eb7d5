// How far a server's clock is from ours, by TIME: the instant that it answers was somewhere between our asking and our
// hearing, so the middle of the two is taken.

import { textOf } from "./info.ts";
import type { Reply } from "./reply.ts";

/** Less than this is what the way of a message, and the load of both sides, may make of equal clocks. */
const NOISE_MS = 50;

export function wallClockMs(): number {
  return Date.now();
}

/** Server time minus ours; 0 for less than can be told. Null for a reply that is no time. */
export function clockOffsetOf(reply: Reply | undefined, askedAtMs: number, heardAtMs: number): number | null {
  if (!Array.isArray(reply)) return null;
  const [seconds, micros] = reply.map((part: Reply) => Number(textOf(part)));
  if (seconds === undefined || micros === undefined || Number.isNaN(seconds + micros)) return null;
  const offsetMs = seconds * 1000 + micros / 1000 - (askedAtMs + heardAtMs) / 2;
  return Math.abs(offsetMs) < NOISE_MS ? 0 : Math.round(offsetMs);
}
