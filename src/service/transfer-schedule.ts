// Backups that the server makes by itself, one at each interval, counted from the youngest that is in the directory; so a
// restart neither makes one too many nor waits too long. Older ones go once a new one is whole and has its name: at no
// moment are there fewer than before, and the new one never goes. Files with other names than ours are never touched.
//
// Files dated ahead of the clock were made while a clock was wrong: nobody knows how old they are. They count for nothing,
// are told once, and go before those whose age is known.
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { KeyholdError } from "../core/errors.ts";
import { type Clock, type EpochMs, toEpochMs } from "../core/expiry.ts";
import type { Backup, BackupFacts } from "../store/store.ts";
import type { Timers } from "./timers.ts";

export interface BackupScheduleOptions {
  readonly backup: Backup;
  readonly directory: string;
  readonly intervalMs: number;
  /** Backups kept in the directory, 1 at least. */
  readonly kept: number;
  readonly now: Clock;
  readonly timers: Timers;
  readonly onMade: (path: string, facts: BackupFacts) => void;
  /** One that failed is tried again after RETRY_MS, or the interval where that is shorter. */
  readonly onFailed: (error: unknown) => void;
  /** An old one stays; it is removed after the next one, if it can be then. */
  readonly onNotRemoved: (error: unknown) => void;
  /** Told once, of files dated ahead of the clock. */
  readonly onAhead: (names: readonly string[]) => void;
}

/** What the server tells of its own backups. */
export interface BackupFigures {
  /** When the youngest in the directory was begun, those dated ahead left out; null where there is none. */
  readonly lastBackupAt: EpochMs | null;
  readonly lastBackupBytes: number | null;
  /** Failed tries since the start. */
  readonly failures: number;
}

interface Kept {
  readonly name: string;
  readonly at: EpochMs;
}

export const RETRY_MS = 5 * 60_000;
/** Somebody else's copy was in the making: that is no failure, unless it goes on. */
export const BUSY_RETRY_MS = 15_000;
export const BUSY_TRIES_MAX = 20;
/** Timers of the runtime end at 25 days, and the clock may jump: it is looked at this often at least. */
const LOOK_MS = 60_000;
const NAME = /^keyhold-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-r\d+\.db$/;
/** What a kill has left of one. */
const LEFT = /^keyhold-\d{8}T\d{6}Z\.db\.part(?:(?:\.[0-9a-f]{16})?\.part)?$/;

export class BackupSchedule {
  readonly #options: BackupScheduleOptions;
  readonly #stopping = new AbortController();
  #cancel: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #lastAt: EpochMs | null = null;
  #lastBytes: number | null = null;
  #failures = 0;
  /** Not before this is a failed one tried again. */
  #retryAt = 0;
  /** Tries on end that met a copy in the making. */
  #busyTries = 0;
  #hasToldAhead = false;

  constructor(options: BackupScheduleOptions) {
    this.#options = options;
  }

  get figures(): BackupFigures {
    return { lastBackupAt: this.#lastAt, lastBackupBytes: this.#lastBytes, failures: this.#failures };
  }

  /** Makes the first one now if it is due. Requires: called once. */
  start(): void {
    try {
      this.#takeOver();
    } catch (error) {
      this.#fail(error);
    }
    this.#look();
  }

  /** Ends one that is being made, and makes no more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancel?.();
    await this.#running;
  }

  #takeOver(): void {
    const { directory, now } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) if (LEFT.test(name)) rmSync(join(directory, name), { force: true });
    const kept = this.#list();
    this.#tellAhead(kept);
    const youngest = kept.findLast(({ at }) => at <= now());
    if (youngest === undefined) return;
    this.#lastAt = youngest.at;
    this.#lastBytes = statSync(join(directory, youngest.name)).size;
  }

  #look(): void {
    if (this.#stopping.signal.aborted) return;
    const { now, timers, intervalMs } = this.#options;
    const dueAt = Math.max(this.#lastAt === null ? 0 : this.#lastAt + intervalMs, this.#retryAt);
    const leftMs = dueAt - now();
    if (leftMs > 0) {
      this.#cancel = timers.after(Math.min(leftMs, LOOK_MS), () => this.#look());
      return;
    }
    this.#running = this.#make().finally(() => {
      this.#running = null;
      this.#look();
    });
  }

  async #make(): Promise<void> {
    const { backup, directory, now, onMade } = this.#options;
    const at = now();
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const terms = { signal: this.#stopping.signal, onProgress: () => {} };
      // Its revision is known when it is whole.
      const draft = join(directory, `keyhold-${stampOf(at)}.db.part`);
      const facts = await backup.writeTo(draft, terms);
      const name = `keyhold-${stampOf(at)}-r${facts.revision}.db`;
      const path = join(directory, name);
      renameSync(draft, path);
      syncDirectory(directory);
      this.#lastAt = at;
      this.#lastBytes = facts.bytes;
      this.#retryAt = 0;
      this.#busyTries = 0;
      onMade(path, facts);
      this.#removeOld(name);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      if (isBusy(error) && ++this.#busyTries < BUSY_TRIES_MAX) this.#retryAt = now() + BUSY_RETRY_MS;
      else this.#fail(error);
    }
  }

  /** Keeps as many as asked: the one just made, then the youngest of those whose age is known, then the others. */
  #removeOld(made: string): void {
    const { directory, kept, now, onNotRemoved } = this.#options;
    try {
      const list = this.#list();
      this.#tellAhead(list);
      const others = list.filter(({ name }) => name !== made);
      const known = others.filter(({ at }) => at <= now());
      const ahead = others.filter(({ at }) => at > now());
      for (const { name } of [...known.toReversed(), ...ahead].slice(kept - 1))
        rmSync(join(directory, name), { force: true });
    } catch (error) {
      onNotRemoved(error);
    }
  }

  #tellAhead(list: readonly Kept[]): void {
    const now = this.#options.now();
    const ahead = list.filter(({ at }) => at > now);
    if (this.#hasToldAhead || ahead.length === 0) return;
    this.#hasToldAhead = true;
    this.#options.onAhead(ahead.map(({ name }) => name));
  }

  #fail(error: unknown): void {
    this.#failures++;
    this.#busyTries = 0;
    this.#retryAt = this.#options.now() + Math.min(RETRY_MS, this.#options.intervalMs);
    this.#options.onFailed(error);
  }

  /** Oldest first. */
  #list(): readonly Kept[] {
    return readdirSync(this.#options.directory)
      .flatMap((name) => {
        const at = instantOf(name);
        return at === null ? [] : [{ name, at }];
      })
      .toSorted((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof KeyholdError && error.code === "busy";
}

function stampOf(at: EpochMs): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

/** Makes the names in it durable. */
function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function instantOf(name: string): EpochMs | null {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? null : toEpochMs(ms);
}
