// Clients that watch while a server is soaked: some for as long as it goes on, some for a few seconds at a time.

const LASTING = 10;
const RETURNING = 10;
const RETURN_MS = 5000;
const FAULTS_MAX = 20;

export class SoakWatchers {
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #runs: readonly Promise<void>[];
  #events = 0;

  constructor(url: string) {
    this.#url = url;
    const lasting = Array.from({ length: LASTING }, () => this.#watchAgain(null));
    const returning = Array.from({ length: RETURNING }, () => this.#watchAgain(RETURN_MS));
    this.#runs = [...lasting, ...returning];
  }

  /** Lines that came. */
  get events(): number {
    return this.#events;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#runs);
  }

  /** @param leavingMs - after so long the client goes, and comes again; null for never */
  async #watchAgain(leavingMs: number | null): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const leaving = leavingMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(leavingMs)]);
      try {
        await this.#watch(leaving);
        this.#note("A watch ended by itself");
      } catch (error) {
        if (!leaving.aborted) this.#note(`A watch was cut: ${error}`);
      }
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const accept = { Accept: "application/x-ndjson" };
    const response = await fetch(`${this.#url}/keys?watch&prefix=counter`, { headers: accept, signal });
    if (response.status !== 200 || response.body === null) throw new Error(`It was answered ${response.status}`);
    for await (const part of response.body) {
      for (const byte of part) if (byte === 10) this.#events++;
    }
  }

  #note(fault: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(fault);
  }
}
