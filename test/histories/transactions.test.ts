// Random transactions over HTTP against a model of the contract: the same answers, the same entries, nothing changed by what
// fails; and a reader beside them that never sees half of what is always written together. A failure prints its seed;
// SEED=<seed> reruns it. TRANSACTIONS=100000 runs longer.
import { expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../support/http-client.ts";
import { makeAppServer, withSqliteServer } from "../support/http-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { makeSeededRandom, type SeededRandom, withSeed } from "../support/seeded-random.ts";
import { makeSqliteHarness } from "../support/sqlite-harness.ts";
import { type MakeStore, ROOMY } from "../support/store-harness.ts";
import {
  type Check,
  type Expected,
  type Operation,
  type Transaction,
  TransactionModel,
} from "../support/transaction-model.ts";

const TRANSACTIONS = Number(process.env["TRANSACTIONS"] ?? 10_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const MS_MAX = 60_000 + TRANSACTIONS * 20;
const KEYS = ["a", "b", "c", "d", "__proto__", "10", "n1", "n2"];
/** Written together, with one value, or deleted together. */
const TWINS = ["twin1", "twin2"] as const;
const FAR = ["2097-01-01T00:00:00.000Z", "2098-01-01T00:00:00.000Z"];
const MAX = Number.MAX_SAFE_INTEGER;

test.each([
  ["memory", makeMemoryHarness],
  ["SQLite", makeSqliteHarness],
] as const)(
  `${TRANSACTIONS} random transactions do on %s what the model does`,
  async (engine, make) => {
    await withSeed(SEED, (random) => runTransactions(make, random, engine));
  },
  MS_MAX,
);

async function runTransactions(make: MakeStore, random: SeededRandom, engine: string): Promise<void> {
  const { store, close } = await make({ ...ROOMY, historyChanges: 1000 });
  const { http } = makeAppServer(store);
  const model = new TransactionModel();
  const counts = new Map<string, number>();
  const reader = startReader(http);
  try {
    for (let step = 0; step < TRANSACTIONS; step++) {
      const transaction = drawTransaction(random, model);
      const before = random.oneIn(4) ? await stateOf(http) : null;
      const answer = await http.postJson("/-/txn", JSON.stringify(transaction));
      const expected = model.apply(transaction);
      expect({ step, transaction, answer: readAnswer(answer) }).toEqual({ step, transaction, answer: expected });
      const kind = "results" in expected ? "committed" : "failures" in expected ? "check-failed" : expected.code;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (before === null) continue;
      // In memory nothing waits for anything else.
      await new Promise(setImmediate);
      const after = await stateOf(http);
      expect({ step, after }).toEqual({ step, after: model.state() });
      if (kind !== "committed") expect({ step, after }).toEqual({ step, after: before });
    }
    expect(await stateOf(http)).toEqual(model.state());
    const { reads, halves } = await reader.stop();
    expect(halves).toEqual([]);
    expect(reads).toBeGreaterThan(0);
    const kinds = [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
    console.log(`transactions on ${engine}: SEED=${SEED}, ${kinds}; ${reads} reads beside them, none of a half`);
    if (TRANSACTIONS >= 1000) expect(counts.size).toBe(5);
  } finally {
    await reader.stop();
    await close();
  }
}

test(
  "a reader on another connection never sees half of a transaction",
  async () => {
    await withSqliteServer(async ({ http }) => {
      const readers = [startReader(http), startReader(http)];
      const random = makeSeededRandom(SEED);
      const writer = async () => {
        for (let step = 0; step < 150; step++) {
          const body = JSON.stringify({ ops: drawTwins(random) });
          const { status } = await (random.oneIn(3)
            ? http.mergePatch("/keys", `{"twin1": ${step}, "twin2": ${step}}`)
            : http.postJson("/-/txn", body));
          expect(status).toBe(200);
        }
      };
      await Promise.all(Array.from({ length: 4 }, writer));
      for (const reader of readers) {
        const { reads, halves } = await reader.stop();
        expect(halves).toEqual([]);
        expect(reads).toBeGreaterThan(10);
      }
    });
  },
  MS_MAX,
);

/** Reads both twins again and again, in each way that is of one instant. */
function startReader(http: Http): { stop(): Promise<{ reads: number; halves: readonly string[] }> } {
  let isOver = false;
  let reads = 0;
  const halves: string[] = [];
  const asks = [
    () => http.get("/keys?key=twin1&key=twin2"),
    () => http.get("/keys?prefix=twin"),
    () => http.postJson("/-/txn", '{"ops": [{"get": {"key": "twin1"}}, {"get": {"key": "twin2"}}]}'),
  ];
  const run = async () => {
    while (!isOver) {
      for (const ask of asks) {
        const { text } = await ask();
        const values = [...text.matchAll(/"(?:twin\d|value)": (\d+)/g)].map(([, value]) => value);
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

function drawTwins(random: SeededRandom): readonly Operation[] {
  if (random.oneIn(5)) return TWINS.map((key) => ({ delete: { key } }));
  const value = random.below(1_000_000);
  return TWINS.map((key) => ({ put: { key, value } }));
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

function drawWrite(random: SeededRandom, key: string): Operation {
  switch (random.below(8)) {
    case 0:
      return { delete: { key } };
    case 1:
      return { touch: random.oneIn(2) ? { key, persist: true } : { key, expire_at: random.pick(FAR) } };
    case 2:
    case 3:
    case 4:
      return { put: drawPut(random, key) };
    default:
      return { incr: drawIncr(random, key) };
  }
}

function drawPut(random: SeededRandom, key: string): Extract<Operation, { put: unknown }>["put"] {
  const values = [
    random.below(100),
    String(random.below(100)),
    MAX - random.below(2),
    "text",
    { n: [1, null] },
    null,
    -7,
  ];
  const value = random.oneIn(2) ? random.below(100) : random.pick(values.map((each) => [each]))[0];
  return {
    key,
    value,
    ...(random.oneIn(6) && { content_type: "text/x-own" }),
    ...(random.oneIn(4) && { expire_at: random.pick(FAR) }),
  };
}

function drawIncr(random: SeededRandom, key: string): Extract<Operation, { incr: unknown }>["incr"] {
  return {
    key,
    ...(random.oneIn(2) && { by: random.oneIn(10) ? MAX : random.below(21) - 10 }),
    ...(random.oneIn(4) && { initial: random.below(100) }),
    ...(random.oneIn(6) && { max: 60 + random.below(100) }),
    ...(random.oneIn(6) && { min: -random.below(100) }),
  };
}

function drawGet(random: SeededRandom): { readonly get: { readonly key: string } } {
  return { get: { key: random.pick([...KEYS, ...TWINS]) } };
}

function shuffled<T>(random: SeededRandom, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: random.below(2 ** 30) }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

/** The part of an answer that the model speaks of. */
function readAnswer({ status, text }: HttpAnswer): Expected {
  if (status === 200) return JSON.parse(text, withoutInstants);
  const { code, failures, else: otherwise = [], operation = null } = JSON.parse(text, withoutInstants);
  return code === "check-failed" ? { failures, else: otherwise } : { code, operation };
}

async function stateOf(http: Http): Promise<readonly unknown[]> {
  return JSON.parse(await http.text("/keys?meta"), withoutInstants);
}

/** Leaves out what a clock gives, at any depth. */
function withoutInstants(name: string, value: unknown): unknown {
  return ["created_at", "modified_at", "ttl"].includes(name) ? undefined : value;
}
