// The writer's side of the checkpoint thread (checkpoint-thread.ts), which is started when the log is long for the first time.
import type { Durability } from "./database.ts";
import type { StoreFiles } from "./layout.ts";

/** What brings the log in while commits go on. */
export interface LogMover {
  readonly isRunning: boolean;
  /** Begins to bring in what stands in the log. Requires: not running. */
  start(): void;
  /** Returns when it is not running any more, or has taken too long. */
  wait(): void;
}

export type ToCheckpointer =
  | {
      readonly kind: "run";
      readonly files: StoreFiles;
      readonly durability: Durability;
      /** So few pages may be left for the writer. */
      readonly lastPages: number;
      /** 1 while it runs, 0 when it has done so, 2 when it has failed. */
      readonly state: Int32Array;
    }
  | { readonly kind: "close" }
  | { readonly kind: "end" };

export type FromCheckpointer =
  | { readonly kind: "done" }
  /** What the database file holds is not known any more. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Its connection is. */
  | { readonly kind: "closed" }
  /** It has no file open any more. */
  | { readonly kind: "ended" };

export interface CheckpointerOptions
  extends Pick<Extract<ToCheckpointer, { kind: "run" }>, "files" | "durability" | "lastPages"> {
  readonly onDone: () => void;
  readonly onFailure: (reason: string) => void;
}

/** Longer than any checkpoint of a log of its greatest length, on a disk that works. */
const WAIT_MS = 10_000;

export class Checkpointer implements LogMover {
  readonly #options: CheckpointerOptions;
  readonly #script: URL;
  readonly #state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #thread: Worker | null = null;
  readonly #closed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #isClosing = false;

  /** @param script - what runs on the thread */
  constructor(options: CheckpointerOptions, script: URL = new URL("./checkpoint-thread.ts", import.meta.url)) {
    this.#options = options;
    this.#script = script;
  }

  /** Also once it has failed: the writer must not take the log for brought in. */
  get isRunning(): boolean {
    return Atomics.load(this.#state, 0) !== 0;
  }

  /** Without effect once it is being closed: the end of the last move may come after that. */
  start(): void {
    if (this.#isClosing) return;
    const { files, durability, lastPages } = this.#options;
    Atomics.store(this.#state, 0, 1);
    this.#thread ??= this.#open();
    this.#post({ kind: "run", files, durability, lastPages, state: this.#state });
  }

  wait(): void {
    Atomics.wait(this.#state, 0, 1, WAIT_MS);
  }

  /** Closes its connection, so that the writer's is the last. Returns what ends the thread, for when that is closed too. */
  async close(): Promise<() => Promise<void>> {
    if (this.#thread === null) return async () => {};
    this.#isClosing = true;
    this.#post({ kind: "close" });
    await this.#closed.promise;
    return () => {
      this.#post({ kind: "end" });
      return this.#ended.promise;
    };
  }

  #open(): Worker {
    const { onFailure } = this.#options;
    const thread = new Worker(this.#script.href);
    thread.onmessage = ({ data }: MessageEvent<FromCheckpointer>) => this.#receive(data);
    thread.onerror = ({ message }) => onFailure(message);
    thread.addEventListener("close", () => {
      // What it was told to do would be waited for without end.
      if (!this.#isClosing) onFailure("its thread ended by itself");
      this.#closed.resolve();
      this.#ended.resolve();
    });
    return thread;
  }

  #receive(message: FromCheckpointer): void {
    const { onDone, onFailure } = this.#options;
    switch (message.kind) {
      case "done":
        onDone();
        break;
      case "failed":
        onFailure(message.reason);
        break;
      case "closed":
        this.#closed.resolve();
        break;
      case "ended":
        this.#ended.resolve();
        break;
      default:
        message satisfies never;
    }
  }

  #post(message: ToCheckpointer): void {
    this.#thread?.postMessage(message);
  }
}
