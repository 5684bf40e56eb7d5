// Workers that count up, each under a key of its own, while servers fail; and the truth about it afterwards: nothing that was
// acknowledged is lost, and nothing was counted twice.
import { type ErrorCode, KeyholdError } from "../../src/core/errors.ts";
import type { Servers } from "../../src/engines/valkey/servers.ts";
import { textOf } from "./valkey-connection.ts";
import { COUNT } from "./valkey-servers.ts";

export interface CountingKey {
  readonly key: string;
  readonly slot: number;
}

interface Tally {
  acknowledged: number;
  /** Applied, or perhaps, and not acknowledged. */
  doubtful: number;
  lastAt: number;
}

export class CountingLoad {
  readonly #servers: Servers;
  readonly #tallies = new Map<CountingKey, Tally>();
  readonly #workers: Promise<void>[];
  readonly #refusals = new Map<ErrorCode, number>();
  #isStopping = false;
  #longestGapMs = 0;
  #slowestMs = 0;

  constructor(servers: Servers, keys: readonly CountingKey[]) {
    this.#servers = servers;
    for (const key of keys) this.#tallies.set(key, { acknowledged: 0, doubtful: 0, lastAt: performance.now() });
    this.#workers = [...this.#tallies].map(([key, tally]) => this.#work(key, tally));
  }

  get acknowledged(): number {
    return [...this.#tallies.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** How often each code was met. */
  get refusals(): ReadonlyMap<ErrorCode, number> {
    return this.#refusals;
  }

  /** The longest time without an acknowledgement of one key. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  /** Of all calls, whatever they came to. */
  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** Resolves when there have been so many more acknowledgements of every key. */
  async untilMore(count: number): Promise<void> {
    const wanted = [...this.#tallies.values()].map((tally) => ({ tally, least: tally.acknowledged + count }));
    while (wanted.some(({ tally, least }) => tally.acknowledged < least)) await Bun.sleep(5);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
  }

  /** Keys whose value is less than was acknowledged, or more than may have been counted; after stop(). */
  async wrongKeys(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const [{ key, slot }, { acknowledged, doubtful }] of this.#tallies) {
      const value = Number(textOf(await this.#servers.read(slot, ["GET", key])) ?? 0);
      if (value < acknowledged || value > acknowledged + doubtful) {
        wrong.push(`${key} is ${value}, of ${acknowledged} acknowledged and ${doubtful} doubtful`);
      }
    }
    return wrong;
  }

  async #work({ key, slot }: CountingKey, tally: Tally): Promise<void> {
    while (!this.#isStopping) {
      const begunAt = performance.now();
      try {
        const { shortfall } = await this.#servers.write(slot, COUNT, [key], []);
        if (shortfall === null) this.#acknowledged(tally);
        else tally.doubtful++;
      } catch (error) {
        if (!(error instanceof KeyholdError)) throw error;
        if (error.code === "outcome-unknown") tally.doubtful++;
        this.#refusals.set(error.code, (this.#refusals.get(error.code) ?? 0) + 1);
        // A client that is refused does not come back at once.
        await Bun.sleep(5);
      }
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begunAt);
    }
  }

  #acknowledged(tally: Tally): void {
    tally.acknowledged++;
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - tally.lastAt);
    tally.lastAt = now;
  }
}
