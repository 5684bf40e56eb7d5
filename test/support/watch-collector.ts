// A watcher that never gives up: whenever its stream ends, however that ends, it goes on from the last id that it was given. What
// it must have seen in the end is every entry that was acknowledged, whatever servers have failed meanwhile.
import { EventReader } from "./event-reader.ts";
import { pollUntil } from "./poll-until.ts";
import { makeSocketClient } from "./socket-client.ts";

const TRY_AGAIN_MS = 100;

export class WatchCollector {
  readonly #target: string;
  readonly #url: string;
  readonly #seen = new Set<string>();
  readonly #present = new Set<string>();
  readonly #counts = { puts: 0, resets: 0, streams: 0 };
  #lastId: string | null = null;
  #close: () => void = () => {};
  #isStopping = false;
  #run: Promise<void> = Promise.resolve();

  private constructor(url: string, prefix: string) {
    this.#url = url;
    this.#target = `/keys?watch&values=0&prefix=${encodeURIComponent(prefix)}`;
  }

  /** Of all keys that begin so. Resolves when the first stream is ready. */
  static async start(url: string, prefix: string): Promise<WatchCollector> {
    const collector = new WatchCollector(url, prefix);
    const ready = Promise.withResolvers<void>();
    collector.#run = collector.#watchOn(ready.resolve);
    await ready.promise;
    return collector;
  }

  /** Events that told of a put. */
  get puts(): number {
    return this.#counts.puts;
  }

  /** Keys that are there, by all that it has been told: a reset takes back what came before it. */
  get present(): ReadonlySet<string> {
    return this.#present;
  }

  get resets(): number {
    return this.#counts.resets;
  }

  /** As "17 puts, 0 resets, 1 streams". */
  get summary(): string {
    return Object.entries(this.#counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(", ");
  }

  /** Resolves when all of these have been seen. @throws Error naming some that have not, after so long */
  async untilSeen(keys: readonly string[], withinMs: number): Promise<void> {
    const missing = () => keys.filter((key) => !this.#seen.has(key));
    await pollUntil(async () => missing().length === 0, {
      ms: withinMs,
      what: () =>
        `Of ${keys.length} keys the watcher has not seen ${missing().length}, such as ${missing()[0]}; it had ${this.summary}`,
    });
  }

  /** Resolves when so many puts have been told of, or more. @throws Error with the count, after so long */
  async untilPuts(count: number, withinMs: number): Promise<void> {
    await pollUntil(async () => this.puts >= count, {
      ms: withinMs,
      what: () => `The watcher has not been told of ${count} puts; it had ${this.summary}`,
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#close();
    await this.#run;
  }

  async #watchOn(onReady: () => void): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.#watchOnce(onReady);
      } catch {
        await Bun.sleep(TRY_AGAIN_MS);
      }
    }
  }

  async #watchOnce(onReady: () => void): Promise<void> {
    const headers: Record<string, string> = this.#lastId === null ? {} : { "Last-Event-ID": this.#lastId };
    const stream = await makeSocketClient(this.#url).open({ method: "GET", target: this.#target, headers, body: null });
    this.#close = stream.close;
    if (this.#isStopping) stream.close();
    this.#counts.streams++;
    if (stream.status !== 200) {
      stream.close();
      throw new Error(`The watch was answered ${stream.status}`);
    }
    const reader = new EventReader(stream, () => Bun.sleep(1));
    for (let isOver = false; !isOver; ) {
      const event = await reader.nextWithin(Number.POSITIVE_INFINITY);
      if (event === null) return;
      this.#lastId = event.id ?? this.#lastId;
      isOver = event.event === "bye";
      if (event.event === "ready") onReady();
      this.#take(event.event, String(event.data["key"]));
    }
  }
  #take(event: string, key: string): void {
    if (event === "reset") {
      this.#counts.resets++;
      this.#present.clear();
    }
    if (event === "delete" || event === "expire") this.#present.delete(key);
    if (event !== "put") return;
    this.#counts.puts++;
    this.#seen.add(key);
    this.#present.add(key);
  }
}
