// Random transactions over HTTP against a model of the contract: the same answers, the same entries, nothing changed by what
// fails; and a reader beside them that never sees half of what is always written together. In a store of partitions the keys
// lie together, by a tag that the model does not see; nor does it see which numbers the store has for its revisions.
import { expect, test } from "bun:test";
import type { Http } from "../support/http-client.ts";
import { makeAppServer } from "../support/http-harness.ts";
import { drawGet, drawTwins, drawWrite, KEYS, TWINS } from "../support/random-operations.ts";
import { type SeededRandom, shuffled, withSeed } from "../support/seeded-random.ts";
import { type MakeStore, ROOMY } from "../support/store-harness.ts";
import { type Check, type Expected, type Transaction, TransactionModel } from "../support/transaction-model.ts";

/** TRANSACTIONS=100000 runs longer. Each run has another seed. */
export const TRANSACTIONS = Number(process.env["TRANSACTIONS"] ?? 3000);
/** Printed, and given again by SEED=. */
export const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** Of keys that lie together. */
const TAG = "{t}";

/** @param count - how many transactions; @param make - the store, which is asked through the handlers in process */
export function transactionsSuite(engine: string, make: MakeStore, count: number): void {
  test(
    `${count} random transactions do on ${engine} what the model does`,
    async () => {
      await withSeed(SEED, (random) => runTransactions({ engine, make, count }, random));
    },
    msMax(count),
  );
}

/** What a number of transactions may take. */
export function msMax(count: number): number {
  return 60_000 + count * 20;
}

async function runTransactions(
  { engine, make, count }: { readonly engine: string; readonly make: MakeStore; readonly count: number },
  random: SeededRandom,
): Promise<void> {
  const { store, close } = await make({ ...ROOMY, historyChanges: 1000 });
  const { http } = makeAppServer(store);
  const names = new StoreNames(store.capabilities.atomicity === "store" ? "" : TAG);
  const model = new TransactionModel();
  const counts = new Map<string, number>();
  const reader = startReader(http, { names, hasSnapshots: store.capabilities.reads === "snapshot" });
  const stateOf = async () => names.read(await http.text("/keys?meta"));
  const modelled = () => names.shown(model.state());
  try {
    for (let step = 0; step < count; step++) {
      const transaction = drawTransaction(random, model);
      const before = random.oneIn(4) ? await stateOf() : null;
      const { status, text } = await http.postJson("/-/txn", names.write(transaction));
      const answer = readAnswer(status, names.read(text));
      const expected = model.apply(transaction);
      if ("results" in expected && "results" in answer) names.learn(expected.revision, answer.revision);
      expect({ step, transaction, answer }).toEqual({ step, transaction, answer: names.shown(expected) });
      const kind = "results" in expected ? "committed" : "failures" in expected ? "check-failed" : expected.code;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (before === null) continue;
      // In memory nothing waits for anything else.
      await new Promise(setImmediate);
      const after = await stateOf();
      expect({ step, after }).toEqual({ step, after: modelled() });
      if (kind !== "committed") expect({ step, after }).toEqual({ step, after: before });
    }
    expect(await stateOf()).toEqual(modelled());
    const { reads, halves } = await reader.stop();
    expect(halves).toEqual([]);
    expect(reads).toBeGreaterThan(0);
    const kinds = [...counts].map(([kind, number]) => `${number} ${kind}`).join(", ");
    console.log(`transactions on ${engine}: SEED=${SEED}, ${kinds}; ${reads} reads beside them, none of a half`);
    if (count >= 1000) expect(counts.size).toBe(5);
  } finally {
    await reader.stop();
    await close();
  }
}

/** What the store has in the place of the model's keys and revisions. */
export class StoreNames {
  readonly #tag: string;
  readonly #revisions = new Map([[0, 0]]);
  #latest = 0;

  constructor(tag: string) {
    this.#tag = tag;
  }

  /** The key, as it stands in a query. */
  inQuery(key: string): string {
    return encodeURIComponent(this.#tag + key);
  }

  /** The request as the store is to have it. A revision that the model has not reached is one that the store has not. */
  write(transaction: Transaction): string {
    return JSON.stringify(transaction, (name, value: unknown) => {
      if (name === "key") return `${this.#tag}${value}`;
      return name === "revision" ? (this.#revisions.get(Number(value)) ?? Number.MAX_SAFE_INTEGER) : value;
    });
  }

  /** What the store has told, of the model's keys, without what a clock or the store alone gives. */
  read(text: string) {
    return JSON.parse(this.#tag === "" ? text : text.replaceAll(this.#tag, ""), withoutOwn);
  }

  /** What the model tells, of the store's revisions. */
  shown<T>(expected: T): T {
    return JSON.parse(JSON.stringify(expected), (name, value: unknown) =>
      name === "revision" && value !== null ? this.#revisions.get(Number(value)) : value,
    );
  }

  /** That the store has given the model's latest revision this number: a greater one than any before. */
  learn(revision: number, number: number): void {
    if (this.#revisions.has(revision)) return;
    expect(number).toBeGreaterThan(this.#latest);
    this.#latest = number;
    this.#revisions.set(revision, number);
  }
}

/** Reads both twins again and again, in each way that is of one instant. */
export function startReader(
  http: Http,
  { names, hasSnapshots }: { readonly names: StoreNames; readonly hasSnapshots: boolean },
): { stop(): Promise<{ reads: number; halves: readonly string[] }> } {
  let isOver = false;
  let reads = 0;
  const halves: string[] = [];
  const [one, other] = TWINS.map((key) => names.inQuery(key));
  const gets = names.write({ checks: [], ops: TWINS.map((key) => ({ get: { key } })), else: [] });
  const asks = [
    ...(hasSnapshots
      ? [() => http.get(`/keys?key=${one}&key=${other}`), () => http.get(`/keys?prefix=${names.inQuery("twin")}`)]
      : []),
    () => http.postJson("/-/txn", gets),
  ];
  const run = async () => {
    while (!isOver) {
      for (const ask of asks) {
        const { text } = await ask();
        const values = [...text.matchAll(/"(?:(?:\{t\})?twin\d|value)": (\d+)/g)].map(([, value]) => value);
        if (values.length === 1 || values[0] !== values[1]) halves.push(text);
        reads++;
        await new Promise(setImmediate);
      }
    }
  };
  const ended = run();
  return {
    async stop() {
      isOver = true;
      await ended;
      return { reads, halves };
    },
  };
}

function drawTransaction(random: SeededRandom, model: TransactionModel): Transaction {
  const keys = shuffled(random, KEYS);
  const writes = keys.slice(0, random.below(4)).map((key) => drawWrite(random, key));
  if (random.oneIn(40) && writes[0] !== undefined) writes.push(drawWrite(random, keys[0] ?? "a"));
  const gets = Array.from({ length: random.below(3) }, () => drawGet(random));
  const twins = random.oneIn(3) ? drawTwins(random) : [];
  const ops = shuffled(random, [...writes, ...gets, ...twins]);
  const checks = Array.from({ length: ops.length === 0 ? 1 : random.below(3) }, () => drawCheck(random, model));
  return { checks, ops, else: Array.from({ length: random.below(3) }, () => drawGet(random)) };
}

/** True three times in four or so: or else hardly anything would be committed. */
function drawCheck(random: SeededRandom, model: TransactionModel): Check {
  const key = random.pick(KEYS);
  const revision = model.revisionOf(key);
  if (random.oneIn(6)) return random.oneIn(2) ? { key, absent: true } : { key, exists: true };
  if (revision === null) return { key, absent: true };
  if (random.oneIn(8)) return { key, revision: revision + random.below(3) - 1 };
  return random.oneIn(2) ? { key, exists: true } : { key, revision };
}

/** The part of an answer that the model speaks of. */
function readAnswer(status: number, answer: ReturnType<StoreNames["read"]>): Expected {
  if (status === 200) return answer;
  const { code, failures, else: otherwise = [], operation = null } = answer;
  return code === "check-failed" ? { failures, else: otherwise } : { code, operation };
}

/** Leaves out what a clock or the store alone gives, at any depth. */
function withoutOwn(name: string, value: unknown): unknown {
  return ["created_at", "etag", "modified_at", "ttl"].includes(name) ? undefined : value;
}
