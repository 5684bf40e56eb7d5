// Pauses and time limits: all timers of the client, each ended by the caller's signal as well.

/** Resolves after so long. @throws the reason of the signal, once it is aborted */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Ends what is given its signal when the time is up, or when the caller's own signal is aborted. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Whether the time is up. */
  isOver(): boolean;
  /** Starts the time anew; 0 for without end. */
  renew(ms: number): void;
  /** Stops the time; the caller's signal still ends what goes on. */
  lift(): void;
  /** Stops the time and lets go of the caller's signal: what it bounded is over. */
  release(): void;
  /** Ends what goes on. */
  cut(): void;
}

/**
 * By a signal of its own, and not by AbortSignal.any(), whose signals some runtimes free while they are waited on.
 *
 * @param ms - 0 for without end
 */
export function startTimeLimit(ms: number, signal?: AbortSignal): TimeLimit {
  const controller = new AbortController();
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const lift = () => clearTimeout(timer);
  const renew = (nextMs: number) => {
    lift();
    if (nextMs === 0) return;
    timer = setTimeout(() => {
      isOver = true;
      controller.abort();
    }, nextMs);
  };
  const onAbort = () => controller.abort(signal?.reason);
  const release = () => {
    lift();
    signal?.removeEventListener("abort", onAbort);
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  renew(ms);
  return {
    signal: controller.signal,
    isOver: () => isOver,
    renew,
    lift,
    release,
    cut() {
      release();
      controller.abort();
    },
  };
}
