// Whether the pages of the store have been checked since it was last left unclosed. Told to operators; serving goes on
// meanwhile, as what a read returns is guarded by its own checksum.

export class IntegrityCheck {
  #verdict = "unneeded";

  /** "unneeded", "running", "passed", or what is damaged. */
  get verdict(): string {
    return this.#verdict;
  }

  /** Checks the database on another thread. Calls `onDamage` when it finds any. */
  start(database: string, onDamage: (problems: string) => void): void {
    this.#verdict = "running";
    const worker = new Worker(new URL("./check-thread.ts", import.meta.url).href);
    worker.onmessage = ({ data }: MessageEvent<string>) => {
      this.#verdict = data;
      if (data !== "passed") onDamage(data);
    };
    worker.postMessage(database);
    worker.unref();
  }
}
