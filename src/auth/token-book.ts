// All tokens of a store, in memory: loaded when the server starts, kept in step with what it writes itself and, where other
// servers write to the same store, with what they do. Says whose a secret is, and tells those who hold on to something when
// their token ends.
//
// Once there has been a token the server asks for one: revoked and expired ones count, so that revoking the last of them
// never opens it, and neither does a store that has lost them.
import { timingSafeEqual } from "node:crypto";
import type { Count } from "../core/count.ts";
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { endedAt, type Grant, SCOPES, type TokenRecord } from "../core/token.ts";
import type { Timers } from "../service/timers.ts";
import type { Store } from "../store/store.ts";
import { EVERYBODY, type Subject } from "./policy.ts";
import { digestOf, makeSecret, makeTokenId } from "./secrets.ts";
import { TokenReader } from "./token-reader.ts";

export interface TokenBookOptions {
  readonly store: Pick<Store, "putToken" | "now" | "tokens" | "capabilities">;
  readonly timers: Timers;
  /** A token with every right that is not of the store; null for none. */
  readonly adminSecret: string | null;
  /** Grows with every change that any thread of this process makes to the store's tokens; null where there is one book. */
  readonly changes: Count | null;
}

/** A token just made. */
export interface IssuedToken {
  readonly record: TokenRecord;
  /** Told here and never again. */
  readonly secret: string;
}

/** Whose a secret is, or why it is nobody's. */
export type Verdict =
  | { readonly is: "good"; readonly subject: Subject }
  | { readonly is: "unknown" }
  | { readonly is: "ended"; readonly id: string; readonly why: "revoked" | "expired" };

interface Held {
  readonly record: TokenRecord;
  readonly digest: Buffer;
  readonly subject: Subject;
}

/** The subject of the secret that an operator brings. */
export const ADMIN_FILE_ID = "admin-file";
/** How often it is looked whether tokens have expired that something is held open with. */
const LOOK_INTERVAL_MS = 500;

export class TokenBook {
  readonly #options: TokenBookOptions;
  /** In the order of their making. */
  readonly #byId = new Map<string, Held>();
  readonly #byHash = new Map<string, Held>();
  #admin: Omit<Held, "record"> | null = null;
  readonly #onEnd = new Map<Subject, Set<() => void>>();
  #isLookPlanned = false;
  #hasHeld = false;
  #reader: TokenReader | null = null;
  /**
   * Changes of all threads up to which this book knows the store's tokens. None at first: its records may have been read before
   * any that are counted by now.
   */
  #seenChanges = 0;
  #catchingUp: Promise<void> | null = null;
  /** Settled when no change is under way. */
  #lastChange: Promise<unknown> = Promise.resolve();

  /** @param records - those of the store */
  constructor(options: TokenBookOptions, records: readonly TokenRecord[]) {
    this.#options = options;
    for (const record of records) this.#hold(record, null);
    this.setAdminSecret(options.adminSecret);
  }

  /** Whether a token is asked for. */
  hasTokens(): boolean {
    return this.#hasHeld || this.#admin !== null;
  }

  /**
   * Takes over what other servers and threads make and revoke, within a second, until stop(). Without effect where nobody else
   * writes to the store. Where reading fails, what was read last stays in force.
   *
   * @param onFailure - told of the first of several readings in a row that fail
   */
  follow(onFailure: (error: unknown) => void): void {
    const { store, changes } = this.#options;
    if (this.#reader !== null) return;
    if (store.capabilities.servers === "one" && changes === null) return;
    const read = async () => {
      if (changes === null || this.isBehind) await this.#inTurn(() => this.#readStore());
    };
    this.#reader = new TokenReader({ timers: this.#options.timers, read, onFailure });
  }

  /** Resolves when the tokens of the store have been read again; null where they would be the same. */
  readAgain(): Promise<void> | null {
    return this.#options.changes === null ? (this.#reader?.readAgain() ?? null) : null;
  }

  /** Whether another thread may have changed what this book has not read. */
  get isBehind(): boolean {
    const { changes } = this.#options;
    return changes !== null && changes.total !== this.#seenChanges;
  }

  /** Resolves when this book knows what other threads have changed before; null where it does. @throws as Store.tokens() */
  catchUp(): Promise<void> | null {
    if (!this.isBehind) return null;
    this.#catchingUp ??= this.#inTurn(() => this.#readStore()).finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  stop(): void {
    this.#reader?.stop();
  }

  /** Every record that is kept, in the order of their making. */
  list(): readonly TokenRecord[] {
    return [...this.#byId.values()].map(({ record }) => record);
  }

  judge(secret: string): Verdict {
    const digest = digestOf(secret);
    if (this.#admin !== null && timingSafeEqual(digest, this.#admin.digest)) {
      return { is: "good", subject: this.#admin.subject };
    }
    const held = this.#byHash.get(digest.toString("hex"));
    if (held === undefined || !timingSafeEqual(digest, held.digest)) return { is: "unknown" };
    const { record, subject } = held;
    if (endedAt(record, this.#options.store.now()) === null) return { is: "good", subject };
    return { is: "ended", id: record.id, why: record.revokedAt === null ? "expired" : "revoked" };
  }

  /** Whether what a subject was let in by still counts. */
  isGood(subject: Subject): boolean {
    if (subject === EVERYBODY) return !this.hasTokens();
    if (subject === this.#admin?.subject) return true;
    const held = this.#byId.get(subject.id);
    return held?.subject === subject && endedAt(held.record, this.#options.store.now()) === null;
  }

  /**
   * Makes a token, which counts once this has resolved. Of LIMITS.tokens the one that ended first makes room.
   *
   * @throws "no-room" when there are LIMITS.tokens that still count, and what Store.putToken throws
   */
  issue(grant: Grant): Promise<IssuedToken> {
    return this.#inTurn(async () => {
      const { store, changes } = this.#options;
      if (this.isBehind) await this.#readStore();
      const forgottenId = this.#idToForget();
      const secret = makeSecret();
      const hash = digestOf(secret).toString("hex");
      const record = { id: makeTokenId(), ...grant, hash, createdAt: store.now(), revokedAt: null };
      await store.putToken(record, forgottenId);
      changes?.add(1);
      if (forgottenId !== null) this.#forget(forgottenId);
      this.#hold(record, null);
      this.#tellEnds();
      return { record, secret };
    });
  }

  /** Ends a token for good; null where there is none of this id. Without effect on one that is revoked. @throws as issue() */
  revoke(id: string): Promise<TokenRecord | null> {
    return this.#inTurn(async () => {
      const { store, changes } = this.#options;
      if (this.isBehind || (!this.#byId.has(id) && this.#reader !== null)) await this.#readStore();
      const held = this.#byId.get(id);
      if (held === undefined || held.record.revokedAt !== null) return held?.record ?? null;
      const record = { ...held.record, revokedAt: store.now() };
      await store.putToken(record, null);
      changes?.add(1);
      this.#byId.set(id, { ...held, record });
      this.#byHash.set(record.hash, { ...held, record });
      this.#tellEnds();
      return record;
    });
  }

  /** Exchanges the secret that an operator brings; the one before counts no more, unless it is the same. */
  setAdminSecret(secret: string | null): void {
    const digest = secret === null ? null : digestOf(secret);
    if (digest !== null && this.#admin !== null && timingSafeEqual(digest, this.#admin.digest)) return;
    const subject: Subject = { id: ADMIN_FILE_ID, scopes: SCOPES, prefixes: [] };
    this.#admin = digest === null ? null : { digest, subject };
    this.#tellEnds();
  }

  /** Calls `run` once, within a second of the end of what a subject was let in by. Returns what calls it off. */
  onEnd(subject: Subject, run: () => void): () => void {
    const runs = this.#onEnd.get(subject) ?? new Set();
    this.#onEnd.set(subject, runs.add(run));
    if (this.#canExpire(subject) || !this.isGood(subject)) this.#planLook();
    return () => {
      runs.delete(run);
      if (runs.size === 0 && this.#onEnd.get(subject) === runs) this.#onEnd.delete(subject);
    };
  }

  /** One look for all, as long as something is held open that can expire: at most LIMITS.tokens subjects. */
  #planLook(): void {
    if (this.#isLookPlanned) return;
    this.#isLookPlanned = true;
    this.#options.timers.after(LOOK_INTERVAL_MS, () => {
      this.#isLookPlanned = false;
      this.#tellEnds();
      if (this.#onEnd.keys().some((subject) => this.#canExpire(subject))) this.#planLook();
    });
  }

  #canExpire({ id }: Subject): boolean {
    return (this.#byId.get(id)?.record.expiresAt ?? null) !== null;
  }

  #tellEnds(): void {
    for (const [subject, runs] of this.#onEnd) {
      if (this.isGood(subject)) continue;
      this.#onEnd.delete(subject);
      for (const run of runs) run();
    }
  }

  /** Requires: it is in turn, so that no change of our own falls between reading and taking over. */
  async #readStore(): Promise<void> {
    const { store, changes } = this.#options;
    const seen = changes?.total ?? 0;
    const records = await store.tokens();
    const known = new Map(this.#byId);
    this.#byId.clear();
    this.#byHash.clear();
    for (const record of records) this.#hold(record, known.get(record.id)?.subject ?? null);
    this.#seenChanges = seen;
    this.#tellEnds();
  }

  /** @param known - the subject of the same token, by which others hold on to it; null for a new one */
  #hold(record: TokenRecord, known: Subject | null): void {
    const { id, hash, scopes, prefixes } = record;
    const held: Held = { record, digest: Buffer.from(hash, "hex"), subject: known ?? { id, scopes, prefixes } };
    this.#byId.set(id, held);
    this.#byHash.set(hash, held);
    this.#hasHeld = true;
  }

  #forget(id: string): void {
    const held = this.#byId.get(id);
    if (held !== undefined) this.#byHash.delete(held.record.hash);
    this.#byId.delete(id);
  }

  /** @throws "no-room" where none may be forgotten and another would be too many */
  #idToForget(): string | null {
    if (this.#byId.size < LIMITS.tokens) return null;
    const now = this.#options.store.now();
    const [first] = this.list()
      .map((record) => ({ id: record.id, at: endedAt(record, now) }))
      .filter(({ at }) => at !== null)
      .sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    if (first !== undefined) return first.id;
    throw new KeyholdError("no-room", `Cannot make another token: ${LIMITS.tokens} count, the limit; revoke some`, {
      limit: LIMITS.tokens,
    });
  }

  /** One change after another, so that each is judged by what the one before has left. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => {});
    return done;
  }
}
