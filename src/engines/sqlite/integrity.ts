// Whether the entries of the store have been checked since it was last left unclosed. Told to operators; serving goes on
// meanwhile, as every read compares what it returns with its own checksum.
import type { StoreFiles } from "./layout.ts";

export type CheckVerdict =
  | { readonly is: "unneeded" }
  | { readonly is: "running" }
  | { readonly is: "passed" }
  | { readonly is: "damaged"; readonly problem: string }
  /** The check itself could not be made. */
  | { readonly is: "failed"; readonly reason: string };

/** What the check thread is told. */
export type CheckOrder =
  | { readonly kind: "check"; readonly files: StoreFiles; readonly incarnation: string }
  | { readonly kind: "stop" };

export class IntegrityCheck {
  #verdict: CheckVerdict = { is: "unneeded" };
  #thread: Worker | null = null;
  readonly #ended = Promise.withResolvers<void>();

  get verdict(): CheckVerdict {
    return this.#verdict;
  }

  /** Checks the store on another thread. Calls `onVerdict` with what it finds, unless it is stopped before. */
  start(files: StoreFiles, incarnation: string, onVerdict: (verdict: CheckVerdict) => void): void {
    this.#verdict = { is: "running" };
    const thread = new Worker(new URL("./check-thread.ts", import.meta.url).href);
    this.#thread = thread;
    const conclude = (verdict: CheckVerdict) => {
      if (this.#verdict.is !== "running") return;
      this.#verdict = verdict;
      onVerdict(verdict);
    };
    thread.onmessage = ({ data }: MessageEvent<CheckVerdict>) => conclude(data);
    thread.onerror = (event) => conclude({ is: "failed", reason: event.message });
    thread.addEventListener("close", () => {
      conclude({ is: "failed", reason: "The check ended by itself" });
      this.#ended.resolve();
    });
    this.#tell({ kind: "check", files, incarnation });
  }

  /** Ends the check where one runs; the store can be closed then. */
  async stop(): Promise<void> {
    if (this.#verdict.is !== "running") return;
    this.#verdict = { is: "failed", reason: "The server stopped before the check had ended" };
    this.#tell({ kind: "stop" });
    await this.#ended.promise;
  }

  #tell(order: CheckOrder): void {
    this.#thread?.postMessage(order);
  }
}
