// A driver for unstorage, and so for Nitro and Nuxt. Its keys a:b are the entries a/b below a prefix, so that the console and
// listings show them as a tree. Values keep their text to the letter; what the library calls raw is bytes. Several items go in as
// few requests as hold them, and what anybody writes is told to those who watch.
import type { Driver, StorageMeta, TransactionOptions, WatchCallback } from "unstorage";
import { Keyhold, type WatchEvent } from "../client/keyhold.ts";
import { type NewEntry, putAll } from "./batches.ts";
import { BYTES_TYPE, typeOfText } from "./media-types.ts";
import { ownPrefix } from "./own-prefix.ts";

export interface UnstorageOptions {
  /** A client of your own; or else `url`, and `token` where the server asks for one. */
  readonly client?: Keyhold;
  readonly url?: string;
  readonly token?: string;
  /** What the keys of all items begin with: "unstorage/" unless given. `clear` and `getKeys` mean these alone. */
  readonly prefix?: string;
  /** How long items are kept that are set without a `ttl` of their own, in seconds; without it they stay. */
  readonly ttl?: number;
  /** Told when a watch has ended for good, as when its token was revoked; without it that is a rejection that nobody handles. */
  readonly onWatchEnd?: (error: unknown) => void;
}

const PREFIX = "unstorage/";
const SECOND_MS = 1000;

/** The driver, as `createStorage({ driver: keyholdDriver({ url }) })` and Nitro's `storage` take it. */
export default function keyholdDriver(options: UnstorageOptions): Driver<UnstorageOptions, Keyhold> {
  const items = new Items(options);
  return {
    name: "keyhold",
    options,
    flags: { ttl: true, maxDepth: true },
    getInstance: () => items.client,
    hasItem: (key) => items.client.has(items.toEntryKey(key)),
    getItem: (key) => items.client.getText(items.toEntryKey(key)),
    getItems: (wanted) => items.getMany(wanted.map(({ key }) => key)),
    getItemRaw: async (key) => (await items.client.get(items.toEntryKey(key)))?.value ?? null,
    setItem: (key, value, given) => items.set(key, value, given),
    setItems: (wanted, common) => items.setMany(wanted, common),
    setItemRaw: (key, value, given) => items.set(key, toBody(value), given),
    removeItem: async (key) => {
      await items.client.delete(items.toEntryKey(key));
    },
    getMeta: (key) => items.describe(key),
    getKeys: (base, { maxDepth } = {}) => items.keysBelow(base ?? "", maxDepth ?? Number.POSITIVE_INFINITY),
    clear: async (base) => {
      await items.client.deleteMany({ prefix: items.toEntryPrefix(base ?? "") });
    },
    watch: (callback) => items.watch(callback),
    dispose: () => items.stopWatching(),
  };
}

/** The items below one prefix. */
class Items {
  readonly client: Keyhold;
  readonly #prefix: string;
  readonly #ttl: number | undefined;
  readonly #onWatchEnd: (error: unknown) => void;
  readonly #watches = new Set<AbortController>();

  constructor({ client, url, token, prefix = PREFIX, ttl, onWatchEnd = fail }: UnstorageOptions) {
    if (client === undefined && url === undefined) throw new TypeError("The driver needs a client or a url");
    this.client = client ?? new Keyhold(url ?? "", token === undefined ? {} : { token });
    this.#prefix = ownPrefix(prefix);
    this.#ttl = ttl;
    this.#onWatchEnd = onWatchEnd;
  }

  toEntryKey(key: string): string {
    return this.#prefix + key.replaceAll(":", "/");
  }

  /** Null for an entry that no key of the library names, as the library takes "/" and "?" for something else. */
  #toItemKey(entryKey: string): string | null {
    const key = entryKey.slice(this.#prefix.length).replaceAll("/", ":");
    return /[?\\]|::|^:|:$|^$/.test(key) || entryKey.includes(":", this.#prefix.length) ? null : key;
  }

  /** What all keys below a base begin with. */
  toEntryPrefix(base: string): string {
    return this.toEntryKey(base === "" || base.endsWith(":") ? base : `${base}:`);
  }

  async set(key: string, value: string | Uint8Array, options: TransactionOptions | undefined): Promise<void> {
    await putAll(this.client, [this.#toEntry({ key, value, options: options ?? {} })]);
  }

  async setMany(items: readonly Item[], common: TransactionOptions | undefined): Promise<void> {
    const entries = items.map(({ key, value, options }) => ({ key, value, options: { ...common, ...options } }));
    await putAll(
      this.client,
      entries.map((item) => this.#toEntry(item)),
    );
  }

  async getMany(keys: readonly string[]): Promise<{ key: string; value: string | null }[]> {
    const entries = await this.client.getMany(keys.map((key) => this.toEntryKey(key)));
    return keys.map((key) => ({ key, value: entries.get(this.toEntryKey(key))?.text() ?? null }));
  }

  async describe(key: string): Promise<StorageMeta | null> {
    const info = await this.client.head(this.toEntryKey(key));
    if (info === null) return null;
    const { modifiedAt, ttlMs, size, contentType, revision, etag } = info;
    const ttl = ttlMs === null ? {} : { ttl: ttlMs / SECOND_MS };
    return { mtime: modifiedAt, ...ttl, size, contentType, revision, etag };
  }

  async keysBelow(base: string, depthMax: number): Promise<string[]> {
    const keys: string[] = [];
    for await (const entryKey of this.client.listKeys({ prefix: this.toEntryPrefix(base) })) {
      const key = this.#toItemKey(entryKey);
      if (key !== null && key.split(":").length - 1 <= depthMax) keys.push(key);
    }
    return keys;
  }

  /** Resolves once changes are told; rejects where they cannot be. */
  async watch(callback: WatchCallback): Promise<() => void> {
    const ended = new AbortController();
    this.#watches.add(ended);
    const events = this.client.watch({ prefix: this.#prefix, values: false, signal: ended.signal });
    await new Promise<void>((ready, failed) => {
      let isReady = false;
      const begin = () => {
        isReady = true;
        ready();
      };
      this.#tell(events, { callback, begin }).catch((error: unknown) => {
        this.#watches.delete(ended);
        if (ended.signal.aborted) ready();
        else if (!isReady) failed(error);
        else this.#onWatchEnd(error);
      });
    });
    return () => this.#stop(ended);
  }

  stopWatching(): void {
    for (const watch of this.#watches) this.#stop(watch);
  }

  #stop(watch: AbortController): void {
    watch.abort();
    this.#watches.delete(watch);
  }

  /** Tells changes until the watch ends, which it does by its signal or for good. */
  async #tell(events: AsyncIterable<WatchEvent>, { callback, begin }: Told): Promise<void> {
    for await (const event of events) {
      if (event.type === "ready") begin();
      if (event.type !== "put" && event.type !== "delete" && event.type !== "expire") continue;
      const key = this.#toItemKey(event.key);
      if (key !== null) callback(event.type === "put" ? "update" : "remove", key);
    }
  }

  #toEntry({ key, value, options }: RawItem): NewEntry {
    const seconds = options["ttl"] ?? this.#ttl;
    const ttlMs = typeof seconds === "number" && seconds > 0 ? seconds * SECOND_MS : null;
    return { key: this.toEntryKey(key), value, contentType: typeOf(value), ttlMs };
  }
}

interface Told {
  readonly callback: WatchCallback;
  /** Called once what follows is told as it happens. */
  readonly begin: () => void;
}

/** As the library hands many of them over. */
interface Item {
  readonly key: string;
  readonly value: string;
  readonly options?: TransactionOptions;
}

interface RawItem {
  readonly key: string;
  readonly value: string | Uint8Array;
  readonly options: TransactionOptions;
}

function typeOf(value: string | Uint8Array): string {
  return typeof value === "string" ? typeOfText(value) : BYTES_TYPE;
}

/** What is set raw as what goes over the wire. */
function toBody(value: unknown): string | Uint8Array {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return JSON.stringify(value);
}

/** What nobody has asked to be told is not kept quiet: thrown in a promise that nobody handles. */
function fail(error: unknown): void {
  throw error;
}
