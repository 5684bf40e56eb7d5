// Random histories: the same requests to an engine and to the memory engine, which is its model, must have the same answers,
// listings and change logs, over closing and opening too where the engine outlives that. A failure prints its seed;
// SEED=<seed> reruns it. Instants differ between the two and are left out of comparisons; so are revisions, tags and
// cursors, but for what the contract says of them, where the engine makes them otherwise than its model.
import { expect, test } from "bun:test";
import { type Mutation, makeBatch } from "../../src/core/batch.ts";
import { type Entry, type EntryInfo, hasValue } from "../../src/core/entry.ts";
import { KeyholdError } from "../../src/core/errors.ts";
import { toEpochMs } from "../../src/core/expiry.ts";
import { MemoryStore } from "../../src/engines/memory/store.ts";
import type { CommitResult, LoggedChange, Store } from "../../src/store/store.ts";
import { allPages } from "../support/listed-pages.ts";
import { changesAfter, inLogOrder } from "../support/logged-changes.ts";
import { check, rangeOf } from "../support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { drawRequest, type HistoryRequest, INCARNATION, nameGroups } from "./history-requests.ts";
import { HistoryStates, logRanks } from "./history-states.ts";

/** An engine for the length of one history. */
export interface HistoryEngine {
  /** Opens a store of the incarnation INCARNATION: empty at first, then with what it had. */
  open(): Promise<Store>;
  /** Looks at what a store that was closed has left. */
  readonly inspect: () => void;
  /** Whether the store outlives being closed. */
  readonly isLasting: boolean;
  /** Whether what has ended is swept when the store is opened; it must not be at other times. */
  readonly sweepsWhenOpened: boolean;
  /** Whether its revisions, tags and cursors are those of the model. */
  readonly isExact: boolean;
}

export type WithHistoryEngine = (body: (engine: HistoryEngine) => Promise<void>) => Promise<void>;

export interface HistoriesOptions {
  readonly histories: number;
  readonly steps: number;
}

const KEPT = { idempotencyAgeMs: 3_600_000, idempotencyBytes: 100_000_000, storeBytes: 0, historyChanges: 1e6 };
/** Where one batch cannot hold all keys. */
const GROUPS = 3;
const MS_PER_STEP = 100;

export function historiesSuite(
  name: string,
  withEngine: WithHistoryEngine,
  { histories, steps }: HistoriesOptions,
): void {
  for (const seed of seedsToTry(1, histories)) {
    test(
      `history ${seed} is the same on ${name} and in memory`,
      async () => {
        await withSeed(seed, (random) => withEngine((engine) => runHistory(engine, random, steps)));
      },
      steps * MS_PER_STEP,
    );
  }
}

async function runHistory(engine: HistoryEngine, random: SeededRandom, steps: number): Promise<void> {
  const model = new MemoryStore({ now: () => toEpochMs(Date.now()), incarnation: INCARNATION, ...KEPT });
  let store = await engine.open();
  try {
    const groups = nameGroups(store.capabilities.atomicity === "store" ? 1 : GROUPS);
    const history = { random, model, groups, pastMs: 1_000_000_000_000 };
    const actual = new Side(store, engine.isExact);
    const expected = new Side(model, engine.isExact);
    for (let step = 0; step < steps; step++) {
      if (engine.isLasting && random.oneIn(60)) {
        await store.close();
        engine.inspect();
        store = await engine.open();
        actual.store = store;
        // A commit that changes nothing is answered after the sweep that opening begins with.
        await Promise.all([store, model].map((each) => each.commit(makeBatch([check("a")]))));
        if (engine.sweepsWhenOpened) model.sweep(Number.POSITIVE_INFINITY);
      } else {
        const request = drawRequest(history);
        const translated = expected.translate(request, actual);
        const [answer, wanted] = [await actual.answer(translated), await expected.answer(request)];
        expect({ step, request: describe(request), answer }).toEqual({
          step,
          request: describe(request),
          answer: wanted,
        });
      }
      if (step % 10 === 0) expect([step, await actual.whole(store)]).toEqual([step, await expected.whole(store)]);
    }
    expect(await actual.whole(store)).toEqual(await expected.whole(store));
  } finally {
    await store.close();
  }
  engine.inspect();
}

/** One of the two stores, and what it has told so far. */
class Side {
  store: Store;
  readonly #isExact: boolean;
  readonly #states = new HistoryStates();

  constructor(store: Store, isExact: boolean) {
    this.store = store;
    this.#isExact = isExact;
  }

  /** The request of this side as the other side knows the states that it is about. */
  translate(request: HistoryRequest, other: Side): HistoryRequest {
    if (this.#isExact || request.kind !== "commit") return request;
    return { ...request, batch: request.batch.map((mutation) => this.#states.translate(mutation, other.#states)) };
  }

  /** What is compared of an answer; of a refusal its code, where the detail is the engine's own. */
  async answer(request: HistoryRequest): Promise<unknown> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof KeyholdError) return this.#isExact ? error.message : error.code;
      throw error;
    }
  }

  /** All that it holds and has logged. @param order - the store whose order of changes both are compared by */
  async whole(order: Store): Promise<unknown> {
    const { entries, revision } = this.store.stats();
    const { changes, cursor } = await changesAfter(this.store, null);
    const log = this.#log(inLogOrder(order, changes));
    const listing = await this.#listing("scan", rangeOf());
    return { entries, log, listing, ...(this.#isExact && { revision, cursor }) };
  }

  async #answer(request: HistoryRequest): Promise<unknown> {
    const { store } = this;
    switch (request.kind) {
      case "commit": {
        const { batch, once, otherwise } = request;
        const named = once && { ...once, at: store.now() };
        return this.#told(batch, await store.commit(makeBatch(batch), { once: named, otherwise }));
      }
      case "deleteAll": {
        const { deleted, revision } = await store.deleteAll(request.set);
        return { deleted, ...(this.#isExact && { revision }) };
      }
      case "count":
        return store.count(request.set);
      case "getMany":
        return (await store.getMany(request.keys)).map((entry) => entry && this.#entry(entry));
      case "listing":
        return this.#listing(request.method, request.range);
      default:
        return request satisfies never;
    }
  }

  /** All of a listing: where its pages end is each engine's own affair. */
  async #listing(method: "list" | "scan", range: Parameters<Store["list"]>[0]): Promise<unknown> {
    const pages = await allPages(this.store, method, range);
    return pages.flatMap(({ items }) =>
      items.map((item) => (method === "scan" ? this.#entry(item) : this.#info(item))),
    );
  }

  #log(changes: readonly LoggedChange[]): readonly string[] {
    const ranks = this.#isExact ? changes.map(({ revision }): number => revision) : logRanks(changes);
    return changes.map(({ kind, key }, index) => `${ranks[index]} ${kind} ${key}`);
  }

  #told(batch: readonly Mutation[], result: CommitResult): unknown {
    if (!result.committed) {
      return {
        conflicts: result.conflicts.map(({ index, current }) => ({ index, current: current && this.#info(current) })),
        otherwise: result.otherwise.map((entry) => entry && this.#entry(entry)),
      };
    }
    for (const [index, { after }] of result.outcomes.entries()) {
      const isWritten = ["put", "add", "append"].includes(batch[index]?.op ?? "check");
      // What is answered again under a name was of another batch.
      if (isWritten && !result.isReplay) expect(after?.revision).toBe(result.revision);
    }
    const outcomes = result.outcomes.map(({ before, after }) => ({
      before: before && this.#entry(before),
      after: after && this.#entry(after),
    }));
    return { isReplay: result.isReplay, outcomes, ...(this.#isExact && { revision: result.revision }) };
  }

  #entry(entry: EntryInfo | Entry): unknown {
    return { ...this.#info(entry), value: hasValue(entry) ? Bun.hash(entry.value) : null };
  }

  /** All but the instants at which it was created and modified. */
  #info({ key, size, contentType, form, revision, tag, expiresAt }: EntryInfo): object {
    const state = this.#isExact ? { revision, tag } : { state: this.#states.rankOf({ key, revision, tag }) };
    return { key, size, contentType, form, ...state, expiresAt };
  }
}

function describe(request: HistoryRequest): string {
  return JSON.stringify(request);
}
