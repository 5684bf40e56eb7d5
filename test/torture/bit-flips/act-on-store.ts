// Acts on a damaged store as time and clients do, once its reads have been judged: entries end and are swept, others are written and
// deleted. What an act is aimed at may be told as damaged; what it is not aimed at must stand as it stood (judge-acts.ts).
import { makeBatch } from "../../../src/core/batch.ts";
import { KeyholdError } from "../../../src/core/errors.ts";
import { openHighestInstant } from "../../../src/engines/sqlite/shared-instant.ts";
import { openSqliteStore, type SqliteStore } from "../../../src/engines/sqlite/store.ts";
import { keySet, put, remove } from "../../support/requests.ts";
import { sqliteOptions } from "../../support/sqlite-harness.ts";
import type { Verdict } from "./bit-flips.ts";
import { type Act, type ActFault, countShown, isMiscounted, judgeActs } from "./judge-acts.ts";
import { findsByVerify, silent } from "./judge-store.ts";
import { type Answers, isDamage, readEntries } from "./read-store.ts";
import { ENDED_AT, type SoundStore } from "./sound-store.ts";
import { standingRows } from "./standing-rows.ts";

type Judged = Omit<Verdict, "place">;

/** What came of the acts. */
interface Outcome {
  /** Sentences without their full stops. */
  readonly faults: readonly string[];
  /** Of single keys. */
  readonly keyFaults: readonly ActFault[];
  /** Whether an act was refused with what tells of damage, or the store has ended its own use. */
  readonly isTold: boolean;
  /** Whether the count of entries is wrong after the acts, and was not before. */
  readonly isMiscounted: boolean;
}

/** By the last digit of a key. Beside each of these there is a key that is left alone, and differs from it in one bit. */
const OVERWRITTEN = /[36]$/;
const DELETED = /[58]$/;
const DELETED_PREFIX = "key23";
/** Of those that are left alone. */
const PLANTED_KEY = "key100";
const TICK_MS = 2;
/** Without a commit; so many looks, a tick apart, say that the store has nothing left to do. */
const REST_LOOKS = 10;
/** A store that has work to do is done after a fraction of them. */
const LOOKS_MAX = 300;
/** Longer than the leap of the clock, so that it drops neither changes nor records. */
const FOREVER_MS = 1e14;

/**
 * Null where there is nothing to tell.
 *
 * @param isPlanted - whether an entry is removed that no act is aimed at, which must be found
 */
export async function actOnStore(directory: string, sound: SoundStore, isPlanted: boolean): Promise<Judged | null> {
  const ages = { historyAgeMs: FOREVER_MS, idempotencyAgeMs: FOREVER_MS };
  const options = sqliteOptions(directory, { sweepIntervalMs: TICK_MS, ...ages });
  const acting = new Acting();
  let store: SqliteStore;
  try {
    store = await openSqliteStore({ ...options, onFatal: () => acting.noteStopped() });
  } catch (error) {
    if (tells(error)) return { is: "told by an act", why: "" };
    return silent(`It does not open once more, and says ${String(error)}`);
  }
  let outcome: Outcome;
  try {
    outcome = await acting.act(store, sound, isPlanted);
  } catch (error) {
    return silent(`An act ended in what tells of no damage: ${String(error)}`);
  } finally {
    store.doubt();
    await store.close();
  }
  return judgeOutcome(directory, outcome);
}

/** Of a store that has been closed. */
async function judgeOutcome(
  directory: string,
  { faults, keyFaults, isTold, isMiscounted }: Outcome,
): Promise<Judged | null> {
  const [fault] = faults;
  if (fault !== undefined) return silent(fault);
  if (keyFaults.length === 0 && isTold) return { is: "told by an act", why: "" };
  if (keyFaults.length === 0 && !isMiscounted) return null;
  // What stands whole and is not found, as the way to it is damaged, is for `keyhold verify` to tell (docs/guarantees.md).
  const rows = standingRows(directory);
  const isVerified = await findsByVerify(directory);
  const stands = ({ key, lost, isRowLeft }: ActFault) => lost !== null && (!isRowLeft || rows.get(key)?.has(lost));
  const wrong = keyFaults.find((fault) => !isVerified || !stands(fault));
  if (wrong !== undefined) return silent(`${wrong.why}: key ${wrong.key}`);
  return isVerified ? { is: "told by verify", why: "" } : silent("nobody tells that the acts made the count wrong");
}

class Acting {
  readonly #acts = new Map<string, Act>();
  #isTold = false;
  #isStopped = false;

  /** Of a store that has ended its own use. */
  noteStopped(): void {
    this.#isStopped = true;
  }

  async act(store: SqliteStore, { questions, answers: sound }: SoundStore, isPlanted: boolean): Promise<Outcome> {
    const { keys } = questions;
    const judge = (before: Answers, after: Answers, what: string) =>
      judgeActs({ keys, acts: this.#acts, sound, before, after, what });
    const before = await readEntries(store, keys);
    passEnds(store);
    const isAtRest = await this.#comesToRest(store);
    const swept = await readEntries(store, keys);
    const faultsOfSweep = judge(before, swept, "a sweep");
    await this.#write(store, keys, swept);
    if (isPlanted) await store.commit(makeBatch([remove(PLANTED_KEY)]));
    const isAtRestAgain = await this.#comesToRest(store);
    const written = await readEntries(store, keys);
    const { entries } = store.stats();
    return {
      faults: [
        ...(isAtRest && isAtRestAgain ? [] : ["it goes on committing with nothing to do"]),
        ...(entries < 0 ? [`it counts ${entries} entries`] : []),
      ],
      keyFaults: [
        ...faultsOfSweep.map((fault) => ({ ...fault, isRowLeft: !this.#acts.has(fault.key) })),
        ...judge(swept, written, "writes to others"),
      ],
      isTold: this.#isTold || this.#isStopped,
      isMiscounted: !isMiscounted(before) && isMiscounted(written),
    };
  }

  /** Each write by itself, and all at a time, so that they share commits. */
  async #write(store: SqliteStore, keys: readonly string[], swept: Answers): Promise<void> {
    const deleted = keys.filter((key) => key.startsWith(DELETED_PREFIX));
    const others = keys.filter((key) => !key.startsWith(DELETED_PREFIX));
    await Promise.all(others.map((key) => this.#writeOne(store, key)));
    const result = await this.#ask(() => store.deleteAll(keySet({ prefix: DELETED_PREFIX })));
    // One that says that there were fewer has not deleted all.
    const isAcknowledged = result !== null && result.deleted >= countShown(swept, deleted);
    for (const key of deleted) this.#acts.set(key, { is: "deleted", isAcknowledged });
  }

  async #writeOne(store: SqliteStore, key: string): Promise<void> {
    if (OVERWRITTEN.test(key)) {
      const value = new TextEncoder().encode(`written to ${key}`);
      const result = await this.#ask(() => store.commit(makeBatch([put(key, value)])));
      this.#acts.set(key, { is: "overwritten", value: value.toBase64(), isAcknowledged: result !== null });
    } else if (DELETED.test(key)) {
      // One that says that there was nothing has deleted nothing.
      const result = await this.#ask(() => store.commit(makeBatch([remove(key)])));
      const hasFound = result?.committed === true && result.outcomes.some(({ before }) => before !== null);
      this.#acts.set(key, { is: "deleted", isAcknowledged: hasFound });
    }
  }

  /** Null where it was refused with what tells of damage. */
  async #ask<T>(ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      if (!tells(error)) throw error;
      this.#isTold = true;
      return null;
    }
  }

  /** Returns whether the store stops committing by itself. */
  async #comesToRest(store: SqliteStore): Promise<boolean> {
    let { commits } = store.stats();
    let still = 0;
    for (let looks = 0; looks < LOOKS_MAX && still < REST_LOOKS && !this.#isStopped; looks++) {
      await Bun.sleep(TICK_MS);
      const { commits: now } = store.stats();
      still = now === commits ? still + 1 : 0;
      commits = now;
    }
    return still === REST_LOOKS || this.#isStopped;
  }
}

/** Lets the store's clock leap to where all entries that end soon have ended. */
function passEnds(store: SqliteStore): void {
  const { clock, port } = store.share();
  openHighestInstant(clock).raise(ENDED_AT);
  port.close();
}

/** Whether it says that something is damaged: a write that needs a damaged page ends the use of the store. */
function tells(error: unknown): boolean {
  return isDamage(error) || (error instanceof KeyholdError && ["unavailable", "outcome-unknown"].includes(error.code));
}
