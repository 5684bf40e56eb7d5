// Storage adapters for Keyv, and so for cache-manager, got and whatever else takes a Keyv store: `KeyholdKeyv` for Keyv 5, which
// says how long a value lasts, and `KeyholdKeyv6` for Keyv 6, which says until when. Neither keeps anything in memory.
import { KeyvEntries, type KeyvOptions } from "./keyv-entries.ts";

type ErrorListener = (error: unknown) => void;

/** A store for Keyv 5. Keyv 6 takes it too, by its bridge for stores of before; `KeyholdKeyv6` is for that one. */
export class KeyholdKeyv {
  /** Keyv 5 iterates over stores of dialects that it knows, and over no others. */
  readonly opts: { dialect: string } = { dialect: "redis" };
  readonly #entries: KeyvEntries;
  readonly #listeners: ErrorListener[] = [];

  constructor(options: KeyvOptions) {
    this.#entries = new KeyvEntries(options);
  }

  /** Set by Keyv. */
  get namespace(): string | undefined {
    return this.#entries.namespace;
  }

  set namespace(namespace: string | undefined) {
    this.#entries.namespace = namespace;
  }

  /** Only "error" ever happens: where a `get` has failed, whose failure Keyv takes for a miss. All else rejects. */
  on(event: string, listener: ErrorListener): this {
    if (event === "error") this.#listeners.push(listener);
    return this;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    try {
      return await this.#entries.get<Value>(key);
    } catch (error) {
      for (const listener of this.#listeners) listener(error);
      throw error;
    }
  }

  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return this.#entries.getMany<Value>(keys);
  }

  async has(key: string): Promise<boolean> {
    return this.#entries.has(key);
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return this.#entries.hasMany(keys);
  }

  /** @param ttl - in milliseconds; without it the value stays */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.#entries.set({ key, value, ttlMs: ttl ?? null });
    return true;
  }

  /**
   * Up to 128 values go in together, all or none of them; further ones in further steps. Keyv hands on the booleans that are
   * answered, though its type of stores says that there are none.
   */
  setMany(items: { key: string; value: unknown; ttl?: number }[]): Promise<void>;
  async setMany(items: { key: string; value: unknown; ttl?: number }[]): Promise<unknown> {
    await this.#entries.setMany(items.map(({ key, value, ttl }) => ({ key, value, ttlMs: ttl ?? null })));
    return items.map(() => true);
  }

  /** Whether there was one. */
  async delete(key: string): Promise<boolean> {
    return this.#entries.delete(key);
  }

  /** Whether there was one of each. */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await this.#entries.deleteMany(keys)).every(Boolean);
  }

  async clear(): Promise<void> {
    await this.#entries.clear();
  }

  iterator<Value>(): AsyncGenerator<[string, Value], void> {
    return this.#entries.iterator<Value>();
  }

  /** There is no connection to end. */
  async disconnect(): Promise<void> {}
}

/** A store for Keyv 6, by its contract of storage adapters, which Keyv uses as it is. */
export class KeyholdKeyv6 {
  readonly #entries: KeyvEntries;

  constructor(options: KeyvOptions) {
    this.#entries = new KeyvEntries(options);
  }

  /** That `set` is told an instant. */
  get capabilities(): KeyvCapabilities {
    return CAPABILITIES;
  }

  /** Set by Keyv. */
  get namespace(): string | undefined {
    return this.#entries.namespace;
  }

  set namespace(namespace: string | undefined) {
    this.#entries.namespace = namespace;
  }

  /** Nothing happens by itself here: what fails rejects, and Keyv tells its own listeners. */
  on(_event: string | symbol, _listener: ErrorListener): this {
    return this;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.#entries.get<Value>(key);
  }

  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return this.#entries.getMany<Value>(keys);
  }

  async has(key: string): Promise<boolean> {
    return this.#entries.has(key);
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return this.#entries.hasMany(keys);
  }

  /** @param expires - in milliseconds since 1970, by the clock of this process; a value that has ended is not kept */
  async set(key: string, value: unknown, expires?: number): Promise<boolean> {
    await this.#entries.set({ key, value, ttlMs: leftMs(expires) });
    return true;
  }

  /** Up to 128 values go in together, all or none of them; further ones in further steps. */
  async setMany(items: { key: string; value: unknown; expires?: number }[]): Promise<boolean[]> {
    await this.#entries.setMany(items.map(({ key, value, expires }) => ({ key, value, ttlMs: leftMs(expires) })));
    return items.map(() => true);
  }

  /** Whether there was one. */
  async delete(key: string): Promise<boolean> {
    return this.#entries.delete(key);
  }

  /** Of each, whether there was one. */
  async deleteMany(keys: string[]): Promise<boolean[]> {
    return this.#entries.deleteMany(keys);
  }

  async clear(): Promise<void> {
    await this.#entries.clear();
  }

  iterator<Value>(): AsyncGenerator<[string, Value], void> {
    return this.#entries.iterator<Value>();
  }

  /** There is no connection to end. */
  async disconnect(): Promise<void> {}
}

/** As Keyv 6 describes a storage adapter. */
export interface KeyvCapabilities {
  readonly compatible: boolean;
  readonly store: "keyvStorage";
  readonly methods: Readonly<Record<KeyvMethod, { exists: boolean; methodType: "async" }>>;
  readonly expires: boolean;
}

type KeyvMethod =
  | "get"
  | "getMany"
  | "has"
  | "hasMany"
  | "set"
  | "setMany"
  | "delete"
  | "deleteMany"
  | "clear"
  | "disconnect"
  | "iterator";

const METHOD = { exists: true, methodType: "async" } as const;
const CAPABILITIES: KeyvCapabilities = {
  compatible: true,
  store: "keyvStorage",
  methods: {
    get: METHOD,
    getMany: METHOD,
    has: METHOD,
    hasMany: METHOD,
    set: METHOD,
    setMany: METHOD,
    delete: METHOD,
    deleteMany: METHOD,
    clear: METHOD,
    disconnect: METHOD,
    iterator: METHOD,
  },
  expires: true,
};

/** By the same clock as the instant, so that it does not matter how far the server's is from it. */
function leftMs(expires: number | undefined): number | null {
  return expires === undefined ? null : expires - Date.now();
}
