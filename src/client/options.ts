// What a client and its calls can be told. Times are in milliseconds throughout, as everywhere in JavaScript; the server's own
// seconds stay on the wire.

/** How a client reaches its server. */
export interface KeyholdOptions {
  /** Secret of an access token, or what gives it, asked before every request; none unless given. */
  readonly token?: string | (() => string | Promise<string>);
  /** In place of the runtime's own fetch, such as one that goes through a proxy or a Unix socket. */
  readonly fetch?: (input: string, init?: RequestInit) => Promise<Response>;
  /** What all keys begin with, and are seen without; none unless given. `withPrefix` adds to it. */
  readonly prefix?: string;
  /** Fields that are sent with every request, besides those of the client. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long one try may take, in milliseconds; 30,000 unless given, 0 for without end. Of streams: until they begin. */
  readonly timeoutMs?: number;
  /** How failed requests are sent again where that is safe; false for never. */
  readonly retry?: RetryOptions | false;
  /**
   * Whether every write is named by an Idempotency-Key of the client's making, and so made once however often it is sent; false
   * unless given, as the server keeps a record of each for a day. Without it, what is done once or twice alike is sent again, and
   * what the server says it has not done.
   */
  readonly idempotencyKeys?: boolean;
  /** Whether the `get()`s that one turn of the event loop makes become one request; false unless given. */
  readonly batchReads?: boolean;
}

/** Pauses grow from `baseMs` twofold to `capMs`, and each is drawn at random from the upper half of that. */
export interface RetryOptions {
  /** Tries in all, the first included; 4 unless given. */
  readonly tries?: number;
  /** Longest pause before the second try, in milliseconds; 100 unless given. */
  readonly baseMs?: number;
  /** Longest pause, in milliseconds; 5,000 unless given. A server that asks for more is not asked again. */
  readonly capMs?: number;
}

/** What every call can be told. */
export interface CallOptions {
  /** Ends the call when it is aborted; the call then throws the reason of the signal, as fetch does. */
  readonly signal?: AbortSignal;
  /** In place of the client's `timeoutMs` of one try. */
  readonly timeoutMs?: number;
}

/** When an entry ends: after a time, or at an instant; not both. Without one, it does not end. */
export interface ExpiryOptions {
  /** Milliseconds above 0 from now, by the clock of the server. */
  readonly ttlMs?: number;
  /** The first instant at which it is gone. */
  readonly expiresAt?: Date;
}

/** Under which name a write is made once, however often it is sent. */
export interface NamedWrite {
  /**
   * 1 to 255 visible ASCII characters, made anew for each write; true for one that the client makes. The same text in a later run
   * says that the same write is meant.
   */
  readonly idempotencyKey?: string | true;
}

export interface WriteOptions extends CallOptions, ExpiryOptions, NamedWrite {}

export interface PutOptions extends WriteOptions {
  /** Media type; of text `text/plain; charset=utf-8`, of a Blob its own, else `application/octet-stream`, unless given. */
  readonly contentType?: string;
  /** Only where the entry is in this state: its `etag`, or "*" for any. Else "precondition-failed". */
  readonly ifMatch?: string;
  /** Only where there is no entry. Else "precondition-failed". */
  readonly ifAbsent?: boolean;
}

export interface DeleteOptions extends CallOptions, NamedWrite {
  /** Only where the entry is in this state: its `etag`, or "*" for any. Else "precondition-failed". */
  readonly ifMatch?: string;
}

export interface EditOptions extends WriteOptions {
  /** Only where the entry is in this state: its `etag`, or "*" for any. Else "precondition-failed". */
  readonly ifMatch?: string;
}

export interface IncrementOptions extends CallOptions, NamedWrite {
  /** What a new counter starts from, before the step; 0 unless given. */
  readonly initial?: number;
  /** Least and greatest value; a step beyond is refused with "out-of-range", and nothing changes. */
  readonly min?: number;
  readonly max?: number;
  /** Milliseconds from now after which the counter ends; it keeps its end unless given. */
  readonly ttlMs?: number;
  /** The same, but only where this call creates the counter: the window of a rate limiter. Not beside `ttlMs`. */
  readonly ttlIfNewMs?: number;
}

/** Which entries are meant: all, unless narrowed; what is given narrows together. */
export interface SetOptions {
  /** Keys that begin so. */
  readonly prefix?: string;
  /** `$` or `?` is any one character, `*` any run, `\` takes the next literally; the whole key must match. */
  readonly filter?: string;
}

export interface ListOptions extends CallOptions, SetOptions {
  /** The first key that can be listed. */
  readonly start?: string;
  /** The first key behind it that is not. */
  readonly end?: string;
  /** Descending. */
  readonly reverse?: boolean;
  /** Most entries in all; every one unless given. */
  readonly limit?: number;
  /** Most entries of one request, 1 to 10,000; 1,000 unless given. */
  readonly pageSize?: number;
}

export interface PageOptions extends CallOptions, SetOptions {
  readonly start?: string;
  readonly end?: string;
  readonly reverse?: boolean;
  /** Most entries of the page, 1 to 10,000; 1,000 unless given. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** Which entries are deleted: one of these has to be said, and one alone. */
export type DeleteManyOptions = CallOptions &
  ({ readonly keys: readonly string[] } | (SetOptions & { readonly keys?: never }) | { readonly all: true });
