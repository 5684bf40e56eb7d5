// Counts the warnings and errors that go to a log, for metrics.
import type { Log } from "./log.ts";

export interface LogTally {
  /** As the log that it counts for. */
  readonly log: Log;
  readonly counts: { readonly warn: number; readonly error: number };
}

export function tallyLog(log: Log): LogTally {
  const counts = { warn: 0, error: 0 };
  return {
    counts,
    log: {
      ...log,
      warn(...line) {
        counts.warn++;
        log.warn(...line);
      },
      error(...line) {
        counts.error++;
        log.error(...line);
      },
    },
  };
}
