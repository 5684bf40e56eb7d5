// Timers that run when a test lets time pass, by the clock that it turns.
import type { Clock } from "../../src/core/expiry.ts";
import type { Timers } from "../../src/service/timers.ts";

export interface TurnableTimers extends Timers {
  /** Runs what has become due. */
  runDue(): void;
  /** Timers that are set. */
  readonly pending: number;
}

export function makeTurnableTimers(now: Clock): TurnableTimers {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    after(delayMs, run) {
      const timer = { at: now() + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    runDue() {
      for (const timer of [...timers]) if (timer.at <= now() && timers.delete(timer)) timer.run();
    },
    get pending() {
      return timers.size;
    },
  };
}
