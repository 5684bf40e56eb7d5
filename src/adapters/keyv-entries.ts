// What both contracts of Keyv have in common: the values of one namespace as entries NAMESPACE/KEY. There is always a namespace,
// so that no call of a cache reaches what else is in the store.
import type { Entry, Keyhold } from "../client/keyhold.ts";
import { deleteEach, type NewEntry, presentKeys, putAll } from "./batches.ts";
import { BYTES_TYPE, typeOfText } from "./media-types.ts";

export interface KeyvOptions {
  readonly client: Keyhold;
  /** What the keys of all entries begin with, before the namespace; nothing unless given. */
  readonly prefix?: string;
}

export interface KeyvItem {
  readonly key: string;
  readonly value: unknown;
  /** Null for one that stays. */
  readonly ttlMs: number | null;
}

/** Of a Keyv that has none. */
const NAMESPACE = "keyv";
/** For values that no serializer has made a text of; it says that they are to be read as what they were. */
const OBJECT_TYPE = "application/vnd.keyv+json";

export class KeyvEntries {
  namespace: string | undefined;
  readonly #client: Keyhold;
  readonly #prefix: string;

  constructor({ client, prefix = "" }: KeyvOptions) {
    this.#client = client;
    this.#prefix = prefix;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    const entry = await this.#client.get(this.#toEntryKey(key));
    return entry === null ? undefined : toValue<Value>(entry);
  }

  async getMany<Value>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    const entryKeys = keys.map((key) => this.#toEntryKey(key));
    const entries = await this.#client.getMany(entryKeys);
    return entryKeys.map((key) => {
      const entry = entries.get(key);
      return entry === undefined ? undefined : toValue<Value>(entry);
    });
  }

  has(key: string): Promise<boolean> {
    return this.#client.has(this.#toEntryKey(key));
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    const entryKeys = keys.map((key) => this.#toEntryKey(key));
    const present = await presentKeys(this.#client, entryKeys);
    return entryKeys.map((key) => present.has(key));
  }

  /** What would have ended already is not kept, nor what it would have replaced. */
  async set(item: KeyvItem): Promise<void> {
    await this.setMany([item]);
  }

  async setMany(items: readonly KeyvItem[]): Promise<void> {
    // Of two under one key the later counts, whether it has ended or not.
    const latest = [...new Map(items.map((item) => [item.key, item])).values()];
    await putAll(
      this.#client,
      latest.filter((item) => !hasEnded(item)).map((item) => this.#toEntry(item)),
    );
    await this.deleteMany(latest.filter(hasEnded).map(({ key }) => key));
  }

  delete(key: string): Promise<boolean> {
    return this.#client.delete(this.#toEntryKey(key));
  }

  /** Of each, whether there was one. */
  deleteMany(keys: readonly string[]): Promise<boolean[]> {
    return deleteEach(
      this.#client,
      keys.map((key) => this.#toEntryKey(key)),
    );
  }

  async clear(): Promise<void> {
    await this.#client.deleteMany({ prefix: this.#base() });
  }

  async *iterator<Value>(): AsyncGenerator<[string, Value], void> {
    const base = this.#base();
    for await (const entry of this.#client.list({ prefix: base })) {
      yield [entry.key.slice(base.length), toValue<Value>(entry)];
    }
  }

  #base(): string {
    return `${this.#prefix}${this.namespace || NAMESPACE}/`;
  }

  #toEntryKey(key: string): string {
    return this.#base() + key;
  }

  #toEntry({ key, value, ttlMs }: KeyvItem): NewEntry {
    return { key: this.#toEntryKey(key), ...toBytes(value), ttlMs };
  }
}

function hasEnded({ ttlMs }: KeyvItem): boolean {
  return ttlMs !== null && ttlMs <= 0;
}

function toBytes(value: unknown): Pick<NewEntry, "value" | "contentType"> {
  if (typeof value === "string") return { value, contentType: typeOfText(value) };
  if (value instanceof Uint8Array) return { value, contentType: BYTES_TYPE };
  return { value: JSON.stringify(value), contentType: OBJECT_TYPE };
}

/** The inverse; who asks says what it is, as Keyv does. */
function toValue<Value>(entry: Entry): Value;
function toValue(entry: Entry): unknown {
  if (entry.contentType === OBJECT_TYPE) return entry.json();
  return entry.contentType === BYTES_TYPE ? entry.value : entry.text();
}
