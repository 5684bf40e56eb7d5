// A store for express-rate-limit: its hits are counted in Keyhold, for all processes together. Written against the contract of
// version 8; nothing of that library is imported. A window begins with its first hit, and a hit is one atomic request.
import { hasCode, type Keyhold } from "../client/keyhold.ts";

export interface HitStoreOptions {
  readonly client: Keyhold;
  /** What the keys of all counters begin with: "hits/" unless given. Limits of their own need prefixes of their own. */
  readonly prefix?: string;
}

/** As the library reads it. */
export interface Hits {
  readonly totalHits: number;
  readonly resetTime: Date | undefined;
}

const PREFIX = "hits/";
const WINDOW_MS = 60_000;

/** For the option `store` of `rateLimit`, one for each limit. */
export class KeyholdHitStore {
  /** That other processes count in the same place. */
  readonly localKeys = false;
  readonly prefix: string;
  readonly #client: Keyhold;
  #windowMs = WINDOW_MS;

  constructor({ client, prefix = PREFIX }: HitStoreOptions) {
    this.#client = client;
    this.prefix = prefix;
  }

  /** Called by the library with its own options. */
  init({ windowMs }: { readonly windowMs: number }): void {
    this.#windowMs = windowMs;
  }

  async get(key: string): Promise<Hits | undefined> {
    const entry = await this.#client.get(this.prefix + key);
    return entry === null ? undefined : { totalHits: Number(entry.text()), resetTime: entry.expiresAt ?? undefined };
  }

  async increment(key: string): Promise<Hits> {
    const counted = await this.#client.increment(this.prefix + key, 1, { ttlIfNewMs: this.#windowMs });
    return { totalHits: counted.value, resetTime: counted.expiresAt ?? undefined };
  }

  /** Takes a hit back; where its window is over there is none any more. */
  async decrement(key: string): Promise<void> {
    try {
      await this.#client.increment(this.prefix + key, -1, { min: 0 });
    } catch (error) {
      if (!hasCode(error, "out-of-range")) throw error;
    }
  }

  async resetKey(key: string): Promise<void> {
    await this.#client.delete(this.prefix + key);
  }
}
