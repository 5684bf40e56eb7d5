// How a server comes to its end: stopped in order, or failed by what it cannot go on without. The first reason counts.
import type { Log } from "./observe/log.ts";
import type { Timers } from "./service/timers.ts";

export type Outcome = "stopped" | "store-failed";

/** Time for the answers of a failed commit to leave before the process ends on it. */
const LAST_ANSWERS_MS = 200;

export class ServerEnd {
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #ended = Promise.withResolvers<Outcome>();
  readonly #onFailure: ((reason: string) => void)[] = [];
  #fatalReason: string | null = null;
  #isStopping = false;

  constructor(log: Log, timers: Timers) {
    this.#log = log;
    this.#timers = timers;
  }

  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Why requests should go elsewhere, as it ends; null while it does not. */
  get reason(): string | null {
    return this.#fatalReason ?? (this.#isStopping ? "The server is stopping" : null);
  }

  /** Calls `run` when the server fails. */
  onFailure(run: (reason: string) => void): void {
    this.#onFailure.push(run);
  }

  /** It can no longer keep what it acknowledges, and ends soon. */
  fail(reason: string): void {
    if (this.#fatalReason !== null) return;
    this.#fatalReason = reason;
    const sentence = `${reason}; the server stops, as it could no longer keep what it acknowledges`;
    this.#log.error("store-failed", sentence);
    for (const run of this.#onFailure) run(reason);
    this.#timers.after(LAST_ANSWERS_MS, () => this.#ended.resolve("store-failed"));
  }

  /** Starts an orderly stop by `stop`. Idempotent. */
  stop(stop: () => Promise<void>): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    stop().then(
      () => this.#ended.resolve(this.#fatalReason === null ? "stopped" : "store-failed"),
      (error: unknown) => {
        this.#log.error("stop-failed", error instanceof Error ? error.message : String(error));
        this.#ended.resolve("store-failed");
      },
    );
  }
}
