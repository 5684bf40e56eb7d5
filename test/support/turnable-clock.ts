// A clock that stands still until a test turns it.
import { type Clock, toEpochMs } from "../../src/core/expiry.ts";

export interface TurnableClock {
  readonly now: Clock;
  turn(ms: number): void;
}

export function makeTurnableClock(startMs = 1_800_000_000_000): TurnableClock {
  let ms = startMs;
  return {
    now: () => toEpochMs(ms),
    turn(by) {
      ms += by;
    },
  };
}
