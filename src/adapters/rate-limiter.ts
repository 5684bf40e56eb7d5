// Limits of how often something may be done, counted in Keyhold for all processes together. `flexibleLimiter` is a store limiter of
// rate-limiter-flexible, whose base class is taken from the caller's own library; `WindowLimiter` needs no library. Both count in
// one atomic request, and a window begins with what is counted first in it: no two processes can both take the last point.
import type { RateLimiterRes, RateLimiterStoreAbstract } from "rate-limiter-flexible";
import { hasCode, type Keyhold } from "../client/keyhold.ts";
import { JSON_TYPE } from "./media-types.ts";

type LibraryOptions = ConstructorParameters<typeof RateLimiterStoreAbstract>[0];

/** What is used of the module rate-limiter-flexible. */
export interface FlexibleLibrary {
  /** The class that all limiters with a store extend stands above this one; the module does not export it itself. */
  readonly RateLimiterRedis: typeof RateLimiterStoreAbstract;
  readonly RateLimiterRes: typeof RateLimiterRes;
}

/** Those of rate-limiter-flexible, whose `storeClient` is a client of Keyhold here. */
export type FlexibleLimiterOptions = Omit<LibraryOptions, "storeClient"> & { readonly client: Keyhold };

/** Where a counter stands after it was counted or read. */
interface Count {
  readonly points: number;
  /** Null where it has no end. */
  readonly leftMs: number | null;
  readonly isNew: boolean;
}

/**
 * A limiter of rate-limiter-flexible that counts in Keyhold, and does all that its others do: `consume`, `penalty`, `reward`, `get`,
 * `set`, `block`, `delete`, with `insuranceLimiter`, `blockDuration`, `inMemoryBlockOnConsumed` and `execEvenly`.
 *
 * @param library - the module, as in `import * as library from "rate-limiter-flexible"`
 */
export function flexibleLimiter(library: FlexibleLibrary, options: FlexibleLimiterOptions): RateLimiterStoreAbstract {
  const Base: typeof RateLimiterStoreAbstract = Object.getPrototypeOf(library.RateLimiterRedis);
  const { client, ...rest } = options;

  // The names with an underscore are those by which the base class calls what a store has to do.
  class KeyholdLimiter extends Base {
    async _upsert(key: string, points: number, durationMs: number, isForced = false): Promise<Count> {
      mustBeWhole(points);
      return isForced ? setCount(client, key, { points, durationMs }) : addToCount(client, key, { points, durationMs });
    }

    _get(key: string): Promise<Count | null> {
      return readCount(client, key);
    }

    _delete(key: string): Promise<boolean> {
      return client.delete(key);
    }

    _getRateLimiterRes(_key: string, _changedPoints: number, { points, leftMs, isNew }: Count): RateLimiterRes {
      return new library.RateLimiterRes(Math.max(this.points - points, 0), leftMs ?? -1, points, isNew);
    }
  }

  return new KeyholdLimiter({ ...rest, storeClient: client });
}

export interface WindowLimiterOptions {
  readonly client: Keyhold;
  /** Points that may be taken in each window. */
  readonly limit: number;
  readonly windowMs: number;
  /** What the keys of all counters begin with: "rate/" unless given. */
  readonly prefix?: string;
}

/** What an attempt to take points has come to. */
export interface Taken {
  readonly isAllowed: boolean;
  readonly limit: number;
  /** Points that are left in this window. */
  readonly remaining: number;
  /** How long until the window ends, and all points are there again; 0 where none has begun. */
  readonly resetMs: number;
}

/**
 * So many points in each window of time, for each key. The window of a key begins with the first points that are taken in it, and
 * is not prolonged. What is refused takes nothing, and costs the server a look, not a write.
 */
export class WindowLimiter {
  readonly #client: Keyhold;
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #prefix: string;

  constructor({ client, limit, windowMs, prefix = "rate/" }: WindowLimiterOptions) {
    this.#client = client;
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#prefix = prefix;
  }

  /** Takes the points if that many are left, else none of them. */
  async take(key: string, points = 1): Promise<Taken> {
    mustBeWhole(points);
    const bounds = { max: this.#limit, ttlIfNewMs: this.#windowMs };
    try {
      const { value, ttlMs } = await this.#client.increment(this.#prefix + key, points, bounds);
      return this.#taken(true, value, ttlMs);
    } catch (error) {
      if (!hasCode(error, "out-of-range")) throw error;
      const { value, expires_at: end } = error.data;
      return this.#taken(false, typeof value === "number" ? value : 0, typeof end === "string" ? this.#until(end) : 0);
    }
  }

  /** Forgets what was taken: a new window may begin. */
  async reset(key: string): Promise<void> {
    await this.#client.delete(this.#prefix + key);
  }

  /** By this process's clock, which may be another than the server's: no more than a window, however far they are apart. */
  #until(instant: string): number {
    return Math.min(Math.max(Date.parse(instant) - Date.now(), 0), this.#windowMs);
  }

  #taken(isAllowed: boolean, points: number, leftMs: number | null): Taken {
    return { isAllowed, limit: this.#limit, remaining: Math.max(this.#limit - points, 0), resetMs: leftMs ?? 0 };
  }
}

interface Change {
  readonly points: number;
  /** Zero for no end. */
  readonly durationMs: number;
}

async function addToCount(client: Keyhold, key: string, { points, durationMs }: Change): Promise<Count> {
  const window = durationMs > 0 ? { ttlIfNewMs: durationMs } : {};
  const { value, ttlMs, isNew } = await client.increment(key, points, window);
  return { points: value, leftMs: ttlMs, isNew };
}

async function setCount(client: Keyhold, key: string, { points, durationMs }: Change): Promise<Count> {
  const end = durationMs > 0 ? { ttlMs: durationMs } : {};
  const { isNew } = await client.put(key, String(points), { contentType: JSON_TYPE, ...end });
  return { points, leftMs: durationMs > 0 ? durationMs : null, isNew };
}

async function readCount(client: Keyhold, key: string): Promise<Count | null> {
  const entry = await client.get(key);
  return entry === null ? null : { points: Number(entry.text()), leftMs: entry.ttlMs, isNew: false };
}

/** Counters are integers. @throws TypeError */
function mustBeWhole(points: number): void {
  if (!Number.isSafeInteger(points)) throw new TypeError(`Points are whole numbers: ${points}`);
}
