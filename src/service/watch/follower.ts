// Keeps a tail at the end of the store's log: reads on when the store says that there is more, and lets those whom it has
// woken take what they were woken for before it reads on again.
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { ChangePage, Store } from "../../store/store.ts";
import type { Timers } from "../timers.ts";
import { ChangeTail } from "./tail.ts";

export interface TailFollowerOptions {
  readonly store: Store;
  readonly timers: Timers;
  readonly changesMax: number;
  /** Told of what has been appended from a position on. Returns how many it has woken. */
  readonly onRead: (changes: ChangePage["changes"], from: number) => number;
  /** Told when the tail has skipped changes that the log no longer held. */
  readonly onGap: () => void;
  /** Told when the log cannot be read; the follower has ended then. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * After so many have been woken a millisecond passes before the log is read on, so that under a stream of writes each is
 * sent many changes at once rather than each by itself: a thousand watchers of the same keys are woken 25 times a second,
 * which costs a fifth of a core, where a waking for each of a thousand writes would cost several cores. Few are not held up.
 */
const WOKEN_PER_MS = 25;

/**
 * A store on other servers may be away for as long as these take to agree on a new primary: those who watch hear nothing then,
 * and need not come again all at once when it is back. Tries after the first; each takes as long as the store itself tries.
 */
const TRIES_WHILE_AWAY = 30;
const PAUSE_WHILE_AWAY_MS = 250;

export class TailFollower {
  readonly tail: ChangeTail;
  readonly #options: TailFollowerOptions;
  #unsubscribe: () => void = () => {};
  #nextRead = Promise.withResolvers<void>();
  #hasNews = false;
  #isReading = false;
  #isClosed = false;

  /** @param base - where the tail begins */
  constructor(options: TailFollowerOptions, base: ChangePage["cursor"]) {
    this.#options = options;
    this.tail = new ChangeTail(base, options.changesMax);
    this.#unsubscribe = options.store.onChange(() => this.#wake());
    // What was logged while the base was asked for has woken nobody.
    this.#wake();
  }

  /** Resolves when the log has been read on once more, by a page or to its end. */
  readOn(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const read = this.#nextRead.promise;
    this.#wake();
    return read;
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#nextRead.resolve();
  }

  #wake(): void {
    this.#hasNews = true;
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    void this.#readAll().catch((error: unknown) => {
      // Those whom it would tell may be members of another follower by now.
      if (this.#isClosed) return;
      this.close();
      this.#options.onFailure(error);
    });
  }

  async #readAll(): Promise<void> {
    while (this.#hasNews && !this.#isClosed) {
      this.#hasNews = false;
      const page = await this.#readPage();
      if (this.#isClosed) return;
      const woken = this.#take(page);
      if (page.hasMore) this.#hasNews = true;
      this.#settleRead();
      await this.#pause(woken);
    }
    this.#isReading = false;
  }

  async #readPage(): Promise<ChangePage> {
    const { store } = this.#options;
    for (let tries = 0; ; tries++) {
      try {
        return await store.changes(this.tail.cursor, LIMITS.watchPageChanges);
      } catch (error) {
        const isAway = error instanceof KeyholdError && error.code === "unavailable";
        const mayComeBack = isAway && store.capabilities.servers === "many" && tries < TRIES_WHILE_AWAY;
        if (this.#isClosed || !mayComeBack) throw error;
        await this.#wait(PAUSE_WHILE_AWAY_MS);
      }
    }
  }

  #take(page: ChangePage): number {
    if (page.isIncomplete) {
      this.tail.skipTo(page.cursor);
      this.#options.onGap();
      return 0;
    }
    const from = this.tail.end;
    this.tail.append(page);
    return this.#options.onRead(page.changes, from);
  }

  #settleRead(): void {
    const read = this.#nextRead;
    this.#nextRead = Promise.withResolvers();
    read.resolve();
  }

  #pause(woken: number): Promise<void> {
    return this.#wait(Math.max(1, Math.ceil(woken / WOKEN_PER_MS)));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(ms, resolve);
    });
  }
}
