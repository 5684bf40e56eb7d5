// A secondary storage for better-auth: its sessions, rate limits and verification values in Keyhold, so that several servers
// share them and a restart keeps them. Written against the contract of better-auth 1.7, whose times are in seconds; nothing of
// that library is imported. What is taken is taken once, and what is counted is counted once, however many servers ask.
import type { Keyhold } from "../client/keyhold.ts";
import { TEXT_TYPE } from "./media-types.ts";

export interface SecondaryStorageOptions {
  readonly client: Keyhold;
  /** What the keys of all entries begin with: "auth/" unless given. */
  readonly prefix?: string;
}

/** What better-auth calls, as its option `secondaryStorage`. */
export interface KeyholdSecondaryStorage {
  get(key: string): Promise<string | null>;
  /** Takes the value: of several that ask at once, one gets it. */
  getAndDelete(key: string): Promise<string | null>;
  /** Adds one. The time counts from the first, and is not prolonged by the others. */
  increment(key: string, ttlSeconds: number): Promise<number>;
  /** @param ttlSeconds - from now on; without it the entry stays, and with none left it is not kept */
  set(key: string, value: string, ttlSeconds?: number): Promise<void>;
  delete(key: string): Promise<void>;
}

const PREFIX = "auth/";

const SECOND_MS = 1000;

export function secondaryStorage({ client, prefix = PREFIX }: SecondaryStorageOptions): KeyholdSecondaryStorage {
  return {
    get: (key) => client.getText(prefix + key),
    getAndDelete: async (key) => (await client.take(prefix + key))?.text() ?? null,
    increment: async (key, ttlSeconds) => {
      const { value } = await client.increment(prefix + key, 1, { ttlIfNewMs: ttlSeconds * SECOND_MS });
      return value;
    },
    set: async (key, value, ttlSeconds) => {
      const ttl = ttlSeconds === undefined ? {} : { ttlMs: ttlSeconds * SECOND_MS };
      if (ttlSeconds !== undefined && ttlSeconds <= 0) await client.delete(prefix + key);
      else await client.put(prefix + key, value, { contentType: TEXT_TYPE, ...ttl });
    },
    delete: async (key) => {
      await client.delete(prefix + key);
    },
  };
}
