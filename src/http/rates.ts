// How often, and with how many bytes, one client may ask: a bucket each that fills with time and that requests and bodies take
// from. Bodies are known only when they have been moved, so a bucket may go below empty, and is refused until it has
// filled up again.
import { KeyholdError } from "../core/errors.ts";

export interface RateOptions {
  /** What a client is; its options begin with this: --address-requests, --address-bytes. */
  readonly of: "address" | "token";
  /** A second; 0 for any number. */
  readonly requests: number;
  readonly bytes: number;
  readonly steadyMs: () => number;
}

/** Bounds what clients use in a second, each by itself. */
export interface RateLimits {
  readonly areLimited: boolean;
  /** Counts a request of a client. @throws "too-many-requests" with the seconds to wait */
  admit(client: string): void;
  /** Counts bytes that a client has sent or been sent. */
  charge(client: string, bytes: number): void;
}

/** Seconds' worth that a client may use at once after a rest. */
export const BURST_SECONDS = 10;
/** Clients remembered; beyond it, those are forgotten that have asked for nothing for the longest time. */
const CLIENTS_MAX = 100_000;

interface Bucket {
  requests: number;
  bytes: number;
  atMs: number;
}

export class Rates implements RateLimits {
  readonly #options: RateOptions;
  /** The one that has asked last comes last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateOptions) {
    this.#options = options;
  }

  get areLimited(): boolean {
    return this.#options.requests > 0 || this.#options.bytes > 0;
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  admit(client: string): void {
    const { requests, bytes } = this.#options;
    const bucket = this.#bucketOf(client);
    if (requests > 0 && bucket.requests < 1) {
      throw tooManyOf(this.#options, "requests", (1 - bucket.requests) / requests);
    }
    if (bytes > 0 && bucket.bytes <= 0) {
      throw tooManyOf(this.#options, "bytes", (1 - bucket.bytes) / bytes);
    }
    bucket.requests--;
  }

  charge(client: string, bytes: number): void {
    this.#bucketOf(client).bytes -= bytes;
  }

  #bucketOf(client: string): Bucket {
    const { requests, bytes, steadyMs } = this.#options;
    const nowMs = steadyMs();
    const full = { requests: requests * BURST_SECONDS, bytes: bytes * BURST_SECONDS };
    const bucket = this.#buckets.get(client) ?? { ...full, atMs: nowMs };
    const seconds = (nowMs - bucket.atMs) / 1000;
    bucket.requests = Math.min(full.requests, bucket.requests + seconds * requests);
    bucket.bytes = Math.min(full.bytes, bucket.bytes + seconds * bytes);
    bucket.atMs = nowMs;
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > CLIENTS_MAX) this.#forgetOldest();
    return bucket;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** @param what - that it has used up */
export function tooManyOf(
  options: Pick<RateOptions, "of" | "requests" | "bytes">,
  what: "requests" | "bytes",
  waitSeconds: number,
): KeyholdError {
  const { of } = options;
  const seconds = Math.max(1, Math.ceil(waitSeconds));
  return new KeyholdError(
    "too-many-requests",
    `Nothing was done: this ${of} has used up its ${options[what]} ${what} a second, limit --${of}-${what}; try again in ${seconds} s`,
    { retry_after: seconds },
  );
}
