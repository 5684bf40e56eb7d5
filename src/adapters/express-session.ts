// A session store for express-session and whatever else takes its stores (connect, NestJS). Sessions are entries in JSON that
// end with their cookie. The base class is that of the caller's own express-session, given as a parameter, so that nothing is
// imported here but types; that is also why a class is extended, which this project does nowhere else.
import type { SessionData, Store } from "express-session";
import type { Entry, Keyhold } from "../client/keyhold.ts";
import { ownPrefix } from "./own-prefix.ts";
import { SessionTouches } from "./session-touches.ts";

export interface SessionStoreOptions {
  readonly client: Keyhold;
  /** What the keys of all sessions begin with: "sess/" unless given. `all`, `length` and `clear` mean these alone. */
  readonly prefix?: string;
  /** How long a session is kept whose cookie has no end, since it was last used; a day unless given. */
  readonly ttlMs?: number;
  /**
   * How often at most a session that is only read is made to last longer: each time is a durable write. 0, which is every time, unless
   * given; Infinity for never. A session may end that much sooner than its cookie says.
   */
  readonly touchIntervalMs?: number;
}

/** With what of `Store` is optional there. */
export interface KeyholdSessionStore extends Store {
  touch(sid: string, session: SessionData, callback?: (error?: unknown) => void): void;
  all(callback: (error: unknown, sessions?: Record<string, SessionData> | null) => void): void;
  length(callback: (error: unknown, count?: number) => void): void;
  clear(callback?: (error?: unknown) => void): void;
}

const PREFIX = "sess/";
const TTL_MS = 86_400_000;

/**
 * A store on this client.
 *
 * @param Base - `session.Store` of the express-session that the store is for
 */
export function sessionStore(Base: abstract new () => Store, options: SessionStoreOptions): KeyholdSessionStore {
  const { client, ttlMs = TTL_MS, touchIntervalMs = 0 } = options;
  const touches = new SessionTouches(touchIntervalMs);
  const prefix = ownPrefix(options.prefix ?? PREFIX);

  class KeyholdStore extends Base implements KeyholdSessionStore {
    override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
      answer(readSession(client, prefix + sid), callback);
    }

    override set(sid: string, session: SessionData, callback?: (error?: unknown) => void): void {
      touches.note(sid, Date.now());
      finish(writeSession(client, prefix + sid, { session, leftMs: leftMs(session, ttlMs) }), callback);
    }

    override destroy(sid: string, callback?: (error?: unknown) => void): void {
      finish(client.delete(prefix + sid), callback);
    }

    /** Prolongs the session without writing it again. One that is gone stays so. */
    override touch(sid: string, session: SessionData, callback?: (error?: unknown) => void): void {
      const keptMs = leftMs(session, ttlMs);
      const isDue = keptMs > 0 && touches.isDue(sid, Date.now());
      finish(isDue ? client.expire(prefix + sid, keptMs) : Promise.resolve(), callback);
    }

    override all(callback: (error: unknown, sessions?: Record<string, SessionData> | null) => void): void {
      answer(readAll(client, prefix), callback);
    }

    override length(callback: (error: unknown, count?: number) => void): void {
      answer(client.count({ prefix }), callback);
    }

    override clear(callback?: (error?: unknown) => void): void {
      finish(client.deleteMany({ prefix }), callback);
    }
  }

  return new KeyholdStore();
}

async function readSession(client: Keyhold, key: string): Promise<SessionData | null> {
  const entry = await client.get(key);
  return entry === null ? null : toSession(entry);
}

/** One whose cookie has already ended is none any more. */
async function writeSession(
  client: Keyhold,
  key: string,
  { session, leftMs }: { readonly session: SessionData; readonly leftMs: number },
): Promise<void> {
  if (leftMs > 0) await client.putJson(key, session, { ttlMs: leftMs });
  else await client.delete(key);
}

async function readAll(client: Keyhold, prefix: string): Promise<Record<string, SessionData>> {
  const sessions: [string, SessionData][] = [];
  for await (const entry of client.list({ prefix })) sessions.push([entry.key.slice(prefix.length), toSession(entry)]);
  return Object.fromEntries(sessions);
}

/** The end of the cookie is that of the entry: `touch` moves it there alone. */
function toSession(entry: Entry): SessionData {
  const session = entry.json<SessionData>();
  if (session.cookie.expires && entry.expiresAt !== null) session.cookie.expires = entry.expiresAt;
  return session;
}

/** How long a session is to be kept from now on; zero or less where its cookie has ended. */
function leftMs({ cookie }: SessionData, ttlMs: number): number {
  return cookie.expires ? new Date(cookie.expires).getTime() - Date.now() : ttlMs;
}

/**
 * Calls back with what the promise comes to. Outside of the promise, so that what the callback throws is not taken for a failure
 * of the store, but ends where what other callbacks throw ends.
 */
function answer<Value>(outcome: Promise<Value>, callback: (error: unknown, value?: Value) => void): void {
  outcome.then(
    (value) => queueMicrotask(() => callback(null, value)),
    (error: unknown) => queueMicrotask(() => callback(error)),
  );
}

/** The same for what comes to nothing but its end; whoever gives no callback does not want to hear of failures either. */
function finish(outcome: Promise<unknown>, callback: ((error?: unknown) => void) | undefined): void {
  answer(outcome, (error) => callback?.(error));
}
