// The client: `import { Keyhold } from "keyhold/client"`. This file is what a user reads, and hands every call to the function
// that does it. It runs where there are fetch and web streams: Node 20, Bun, Deno, browsers, edge runtimes. docs/client.md.
import { type BatchedReads, makeBatchedReads } from "./batched-reads.ts";
import type { Context } from "./context.ts";
import { deleteMany } from "./deletions.ts";
import { type Entry, type EntryInfo, textOf, type Written } from "./entry.ts";
import { parseAnswer, unexpected } from "./entry-json.ts";
import { hasCode, KeyholdError, type KeyholdErrorCode } from "./errors.ts";
import { isJsonObject } from "./json-shape.ts";
import { countEntries, listEntries, listKeys, type Page, readPage } from "./listing.ts";
import { type ManyEntries, putMany } from "./many-puts.ts";
import type {
  CallOptions,
  DeleteManyOptions,
  DeleteOptions,
  EditOptions,
  ExpiryOptions,
  IncrementOptions,
  KeyholdOptions,
  ListOptions,
  NamedWrite,
  PageOptions,
  PutOptions,
  RetryOptions,
  SetOptions,
} from "./options.ts";
import { type EntryStream, getEntry, getIfChanged, getMany, getStream, headEntry } from "./reads.ts";
import { makeRequester, type RequestBody } from "./requester.ts";
import { makeTokens, type Token, type TokenOptions, type Tokens } from "./tokens.ts";
import type {
  Check,
  FailedCheck,
  Operation,
  OperationResult,
  Transaction,
  TransactionResult,
} from "./transaction-parts.ts";
import { type Counted, increment, transact } from "./transactions.ts";
import {
  type Backup,
  backUp,
  type ExportOptions,
  exportLines,
  type Imported,
  type ImportOptions,
  importLines,
} from "./transfer.ts";
import { toJsonText, type Value } from "./value-body.ts";
import { type WaitOptions, waitForEntry } from "./waiting.ts";
import { type ConnectionState, type WatchOptions, watch } from "./watch.ts";
import type { PutEvent, WatchEvent } from "./watch-events.ts";
import { addText, changeExpiry, createEntry, deleteEntry, patchJson, putEntry, takeEntry } from "./writes.ts";

export type {
  Backup,
  CallOptions,
  Check,
  ConnectionState,
  Counted,
  DeleteManyOptions,
  DeleteOptions,
  EditOptions,
  Entry,
  EntryInfo,
  EntryStream,
  ExpiryOptions,
  ExportOptions,
  FailedCheck,
  Imported,
  ImportOptions,
  IncrementOptions,
  KeyholdErrorCode,
  KeyholdOptions,
  ListOptions,
  ManyEntries,
  NamedWrite,
  Operation,
  OperationResult,
  Page,
  PageOptions,
  PutEvent,
  PutOptions,
  RequestOptions,
  RetryOptions,
  SetOptions,
  Token,
  TokenOptions,
  Tokens,
  Transaction,
  TransactionResult,
  Value,
  WaitOptions,
  WatchEvent,
  WatchOptions,
  Written,
};
export { hasCode, KeyholdError };

/** A request of the caller's own making. */
interface RequestOptions extends CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Whether it does no harm twice; unless given, GET, HEAD, OPTIONS and QUERY do none. */
  readonly isRepeatable?: boolean;
  /** Statuses that are answered and not thrown, besides 2xx. */
  readonly accepts?: readonly number[];
}

/** Methods that change nothing. */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS", "QUERY"];

/**
 * One server, or the keys of it that begin alike. It holds no connection and needs no closing.
 *
 * Every method throws KeyholdError where it does not succeed, or the reason of the signal that ended it. What is no failure
 * (no entry, one that `create` finds, a check that does not hold) is returned. The last parameter of each takes a `signal` and
 * a `timeoutMs` for each try.
 *
 * @example
 * const db = new Keyhold("http://127.0.0.1:3000", { token: () => readSecret() });
 * await db.put("greeting", "hello", { ttlMs: 60_000 });
 * console.log(await db.getText("greeting"));
 */
export class Keyhold {
  /** Access tokens of the server; need the scope `admin`. */
  readonly tokens: Tokens;
  readonly #url: string | URL;
  readonly #options: KeyholdOptions;
  readonly #context: Context;
  readonly #batched: BatchedReads | null;

  /** @throws KeyholdError "invalid-call" on what is no URL of a server */
  constructor(url: string | URL, options: KeyholdOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.#context = {
      requester: makeRequester(url, options),
      prefix: options.prefix ?? "",
      namesWrites: options.retry !== false && options.idempotencyKeys === true,
    };
    this.#batched = options.batchReads === true ? makeBatchedReads() : null;
    this.tokens = makeTokens(this.#context);
  }

  /** The entry, or null where there is none. */
  get(key: string, options: CallOptions = {}): Promise<Entry | null> {
    const isAlone = options.signal !== undefined || options.timeoutMs !== undefined;
    if (this.#batched !== null && !isAlone) return this.#batched.get(this.#context, key);
    return getEntry(this.#context, key, options);
  }

  /** The value as text, or null where there is no entry. */
  async getText(key: string, options?: CallOptions): Promise<string | null> {
    return (await this.get(key, options))?.text() ?? null;
  }

  /** The value as JSON, trusted to be a `T`, or null where there is no entry. @throws KeyholdError "not-json" */
  async getJson<T = unknown>(key: string, options?: CallOptions): Promise<T | null> {
    return (await this.get(key, options))?.json<T>() ?? null;
  }

  /** The entry where it is in another state than `etag`, "unchanged" where it is not, null where there is none. */
  getIfChanged(key: string, etag: string, options: CallOptions = {}): Promise<Entry | "unchanged" | null> {
    return getIfChanged(this.#context, { key, etag, waitMs: null }, options);
  }

  /** What there is to know of an entry without its value; null where there is none. */
  head(key: string, options: CallOptions = {}): Promise<EntryInfo | null> {
    return headEntry(this.#context, key, options);
  }

  async has(key: string, options?: CallOptions): Promise<boolean> {
    return (await this.head(key, options)) !== null;
  }

  /** The value as it comes; null where there is no entry. Read it to its end, or cancel it. */
  getStream(key: string, options: CallOptions = {}): Promise<EntryStream | null> {
    return getStream(this.#context, key, options);
  }

  /** Those of the keys that there are, in the order asked; each of its own instant. */
  getMany(keys: Iterable<string>, options: CallOptions = {}): Promise<Map<string, Entry>> {
    return getMany(this.#context, keys, options);
  }

  /**
   * Sets the value. Without `ttlMs` or `expiresAt` it does not end, whatever it did before. A stream is sent as it comes, and
   * never again; browsers send streams over HTTP/2 alone, give them a Blob.
   *
   * @throws KeyholdError "precondition-failed" under `ifMatch` and `ifAbsent`; "value-too-large"
   */
  put(key: string, value: Value, options: PutOptions = {}): Promise<Written> {
    return putEntry(this.#context, { key, value }, options);
  }

  /** `put` of a value as JSON, under `application/json`. */
  async putJson(key: string, value: unknown, options?: PutOptions): Promise<Written> {
    return this.put(key, toJsonText(value), { contentType: "application/json", ...options });
  }

  /** `put` where there is no entry; null where there is one. Of several callers one succeeds: a lock. */
  create(key: string, value: Value, options: PutOptions = {}): Promise<Written | null> {
    return createEntry(this.#context, { key, value }, options);
  }

  /**
   * Puts text and bytes as they are, everything else as JSON, and answers how many. Up to 128 entries are one transaction, all
   * or nothing; more are several, one after another.
   *
   * @example
   * await db.putMany({ "color": "blue", "limits": { "max": 3 } }, { ttlMs: 3_600_000 });
   */
  putMany(entries: ManyEntries, options: CallOptions & ExpiryOptions = {}): Promise<number> {
    return putMany(this.#context, entries, options);
  }

  /** Whether there was an entry. @throws KeyholdError "precondition-failed" under `ifMatch` */
  delete(key: string, options: DeleteOptions = {}): Promise<boolean> {
    return deleteEntry(this.#context, key, options);
  }

  /** Deletes the entry and answers it, or null where there is none. Of several callers one gets it. */
  take(key: string, options: DeleteOptions = {}): Promise<Entry | null> {
    return takeEntry(this.#context, key, options);
  }

  /** Deletes the entries named or meant, and answers how many there were. `{ all: true }` means every one. */
  deleteMany(which: DeleteManyOptions): Promise<number> {
    return deleteMany(this.#context, which);
  }

  /**
   * Adds to a counter, which is created where there is none, and answers where it stands then.
   *
   * @param by - an integer, which may be negative
   * @throws KeyholdError "out-of-range" beyond `min` and `max`, with `data.value`; "not-an-integer" on another value
   * @example
   * const { value } = await db.increment(`requests/${user}`, 1, { ttlIfNewMs: 60_000 });
   */
  increment(key: string, by = 1, options: IncrementOptions = {}): Promise<Counted> {
    return increment(this.#context, { key, by }, options);
  }

  /** Adds text behind the value, which is created where there is none. */
  append(key: string, text: string, options: EditOptions = {}): Promise<Written> {
    return addText(this.#context, { key, side: "append", text }, options);
  }

  /** Adds text before the value, which is created where there is none. */
  prepend(key: string, text: string, options: EditOptions = {}): Promise<Written> {
    return addText(this.#context, { key, side: "prepend", text }, options);
  }

  /** Changes when the entry ends, after milliseconds or at an instant; false where there is none. Its etag stays. */
  expire(key: string, ends: number | Date, options: Omit<EditOptions, keyof ExpiryOptions> = {}): Promise<boolean> {
    return changeExpiry(this.#context, { key, ends }, options);
  }

  /** Keeps the entry from ending; false where there is none. Its etag stays. */
  persist(key: string, options: Omit<EditOptions, keyof ExpiryOptions> = {}): Promise<boolean> {
    return changeExpiry(this.#context, { key, ends: null }, options);
  }

  /** Merges into a JSON value (RFC 7396), which is created where there is none. @throws KeyholdError "not-json" */
  mergeJson(key: string, patch: unknown, options: EditOptions = {}): Promise<Written> {
    return patchJson(this.#context, { key, kind: "merge", patch }, options);
  }

  /** Applies a JSON Patch (RFC 6902). @throws KeyholdError "patch-failed", "not-json", "not-found" */
  patchJson(key: string, operations: readonly unknown[], options: EditOptions = {}): Promise<Written> {
    return patchJson(this.#context, { key, kind: "operations", patch: operations }, options);
  }

  /** The entries in key order, a page at a time; an entry that stands throughout comes once. */
  list(options: ListOptions = {}): AsyncGenerator<Entry, void> {
    return listEntries(this.#context, options);
  }

  /** The names alone. */
  listKeys(options: ListOptions = {}): AsyncGenerator<string, void> {
    return listKeys(this.#context, options);
  }

  /** One page, for those who turn pages themselves. */
  page(options: PageOptions = {}): Promise<Page> {
    return readPage(this.#context, options);
  }

  count(options: CallOptions & SetOptions = {}): Promise<number> {
    return countEntries(this.#context, options);
  }

  /**
   * Commits all of the operations, at one instant and with one revision, if all of the checks hold; at most 128 of both.
   *
   * @throws KeyholdError "out-of-range", "not-an-integer" with `data.operation`; "cross-partition"; nothing is changed then
   * @example
   * await db.transact({
   *   checks: [{ key: "to", exists: true }],
   *   ops: [{ increment: { key: "from", by: -10, min: 0 } }, { increment: { key: "to", by: 10 } }],
   * });
   */
  transact(transaction: Transaction, options: CallOptions & NamedWrite = {}): Promise<TransactionResult> {
    return transact(this.#context, transaction, options);
  }

  /**
   * What happens, as it happens, until the loop is left or the signal aborted. A connection that is lost is made again, and
   * goes on behind the last event; `reset` says where something may have been missed.
   *
   * @throws KeyholdError where the first connection fails, and on refusals that do not pass
   * @example
   * for await (const event of db.watch({ prefix: "jobs/", since: "snapshot" })) {
   *   if (event.type === "put") jobs.set(event.key, event.json());
   *   if (event.type === "delete" || event.type === "expire") jobs.delete(event.key);
   *   if (event.type === "reset") jobs.clear();
   * }
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void> {
    return watch(this.#context, options);
  }

  /**
   * Waits until there is an entry, or until it is in another state than `etag`: then null says that it is gone.
   *
   * @throws KeyholdError "timeout" after `timeoutMs`
   */
  waitFor(key: string, options: WaitOptions = {}): Promise<Entry | null> {
    return waitForEntry(this.#context, key, options);
  }

  /** What the server says of itself (docs/protocol.md §14); needs the scope `admin`. */
  async info(options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    const call = { method: "GET", target: "/-/info", isRepeatable: true, options };
    const text = textOf((await this.#context.requester.ask(call)).body);
    const info = parseAnswer(text);
    if (!isJsonObject(info)) throw unexpected(text);
    return info;
  }

  /** Whether the server takes requests; false where it says not, or cannot be reached. It is asked once. */
  async ready(options: CallOptions = {}): Promise<boolean> {
    try {
      await this.#context.requester.ask({ method: "GET", target: "/-/ready", isRepeatable: false, options });
      return true;
    } catch (error) {
      if (error instanceof KeyholdError) return false;
      throw error;
    }
  }

  /** All entries as lines, byte-exact, with a checksum (docs/formats.md); needs the scope `admin`. */
  exportLines(options: ExportOptions = {}): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return exportLines(this.#context, options);
  }

  /** Puts the entries of an export, under the keys that it names; needs the scope `admin`. */
  importLines(lines: ReadableStream<Uint8Array>, options: ImportOptions = {}): Promise<Imported> {
    return importLines(this.#context, lines, options);
  }

  /** The whole store as a file that `keyhold restore` takes; needs the scope `admin`. */
  backup(options: CallOptions = {}): Promise<Backup> {
    return backUp(this.#context, options);
  }

  /** The same server, seen through a prefix: keys are named, listed and told of without it. */
  withPrefix(prefix: string): Keyhold {
    return new Keyhold(this.#url, { ...this.#options, prefix: `${this.#context.prefix}${prefix}` });
  }

  /**
   * Any request, with the token, time limits, errors and retries of the others. The prefix is not added.
   *
   * @param target - path and query, encoded, such as "/keys/a%2Fb?meta"
   */
  request(method: string, target: string, options: RequestOptions = {}): Promise<Response> {
    const { headers, body, isRepeatable = SAFE_METHODS.includes(method), accepts, ...call } = options;
    return this.#context.requester.open({
      method,
      target,
      isRepeatable,
      options: call,
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && { body }),
      ...(accepts !== undefined && { accepts }),
    });
  }
}
