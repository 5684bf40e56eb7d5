// Clients that write, count, append, create and read while servers fail, and remember of each write what they were told: made, not
// made, or nobody knows. Afterwards the store is compared with that. Each client keeps to keys of one tag, hence to one
// partition: the time in which it gets nothing is the time in which that partition was not served.
import { type Fate, FaultClient, type FaultClientOptions, type Verdict } from "./fault-client.ts";
import { pollUntil } from "./poll-until.ts";

export interface FaultLoadOptions extends FaultClientOptions {
  readonly clients: number;
}

/** Between two requests of a client: the machine has other things to do too. */
const PAUSE_MS = 10;
const PROBLEMS_MAX = 20;
/** After a refusal. */
const BACK_OFF_MS = 20;

export class FaultLoad {
  /** The first that were met. */
  readonly problems: string[] = [];
  readonly #clients: readonly FaultClient[];
  readonly #runs: readonly Promise<void>[];
  #isStopping = false;
  #slowestMs = 0;
  #answers = 0;

  constructor(options: FaultLoadOptions) {
    this.#clients = Array.from({ length: options.clients }, (_, id) => new FaultClient(options, id));
    this.#runs = this.#clients.map((client) => this.#run(client));
  }

  /** Writes that came to this. */
  count(fate: Fate): number {
    return this.#clients.reduce((sum, { tally }) => sum + tally[fate], 0);
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** Keys that were created, as acknowledged. */
  get created(): readonly string[] {
    return this.#clients.flatMap((client) => [...client.created]);
  }

  /** The longest time that a client went without an acknowledgement, since the last call. */
  takeLongestGapMs(): number {
    return Math.max(...this.#clients.map((client) => client.takeLongestGapMs()));
  }

  /** Resolves when every client has had so many more writes acknowledged, that began after this call. @throws Error after so long */
  async untilServed(count: number, withinMs: number): Promise<void> {
    const since = performance.now();
    const before = this.#clients.map((client) => client.tally.made);
    const isServed = (client: FaultClient, index: number) =>
      client.lastMadeBegunAt > since && client.tally.made >= (before[index] ?? 0) + count;
    await pollUntil(async () => this.#clients.every(isServed), {
      ms: withinMs,
      intervalMs: 10,
      what: () => `${this.#clients.filter((client, index) => !isServed(client, index)).length} clients are not served`,
    });
  }

  /** Resolves when so many more requests have been answered, whatever with. @throws Error after so long */
  async untilAsked(count: number, withinMs: number): Promise<void> {
    const least = this.#answers + count;
    await pollUntil(async () => this.#answers >= least, {
      ms: withinMs,
      intervalMs: PAUSE_MS,
      what: () => `${least - this.#answers} requests are not answered`,
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#runs);
  }

  /** Compares what a server at this URL has; after stop(). */
  async check(url: string): Promise<Verdict> {
    const verdicts = await Promise.all(this.#clients.map((client) => client.check(url)));
    return {
      lost: verdicts.reduce((sum, { lost }) => sum + lost, 0),
      differences: verdicts.flatMap(({ differences }) => differences),
    };
  }

  async #run(client: FaultClient): Promise<void> {
    while (!this.#isStopping) {
      const begunAt = performance.now();
      const { status, problem } = await client.askOnce();
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begunAt);
      this.#answers++;
      if (problem !== null && this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
      await Bun.sleep(status === 0 || status >= 500 ? BACK_OFF_MS : PAUSE_MS);
    }
    client.close();
  }
}
