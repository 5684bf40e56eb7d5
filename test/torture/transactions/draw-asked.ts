// What clients ask that concerns several keys at once, drawn: transfers between accounts, twins that are written together, writes on
// the condition of what another key is like, and transactions of every kind of operation. Each that writes leaves a receipt, by which it
// is known of one without an answer whether it was carried out, and with which revision.
import { drawGet, drawTwins, drawWrite, KEYS, TWINS } from "../../support/random-operations.ts";
import { type SeededRandom, shuffled } from "../../support/seeded-random.ts";
import type { Check, Operation, Transaction } from "../../support/transaction-model.ts";

export type Asked =
  /** POST /-/txn, or PUT /keys, which is a transaction of puts. */
  | { readonly kind: "transaction" | "batch"; readonly transaction: Transaction }
  /** GET /keys, of one instant. */
  | { readonly kind: "read"; readonly keys: readonly string[] };

export interface Receipt {
  readonly key: string;
  /** Of no other request. */
  readonly value: string;
}

/** The revision under which a key was last seen by anybody; null for no entry. */
export type Seen = ReadonlyMap<string, number | null>;

export const ACCOUNTS = ["acc1", "acc2", "acc3", "acc4", "acc5"];
export const BALANCE = 100;
const AMOUNT_END = 60;

/** What the store is to hold before anything else is asked. */
export const OPENING: Transaction = {
  checks: [],
  ops: ACCOUNTS.map((key) => ({ put: { key, value: BALANCE } })),
  else: [],
};

export function drawAsked(random: SeededRandom, seen: Seen, receipt: Receipt): Asked {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return writing(transfer(random), receipt);
    case 3:
    case 4:
      return writing(onOther(random, seen), receipt);
    case 5:
      return random.oneIn(2)
        ? writing({ checks: [], ops: drawTwins(random), else: [] }, receipt)
        : { kind: "batch", transaction: twinBatch(random, receipt) };
    case 6:
    case 7:
      return writing(anything(random, seen), receipt);
    case 8:
      return { kind: "read", keys: random.pick([ACCOUNTS, TWINS, KEYS]) };
    default:
      return {
        kind: "transaction",
        transaction: { checks: [], ops: getAll(random.pick([ACCOUNTS, TWINS])), else: [] },
      };
  }
}

export function isWriting({ ops }: Transaction): boolean {
  return ops.some((operation) => !("get" in operation));
}

export function getAll(keys: readonly string[]): readonly { readonly get: { readonly key: string } }[] {
  return keys.map((key) => ({ get: { key } }));
}

function writing({ checks, ops, else: otherwise }: Transaction, { key, value }: Receipt): Asked {
  const receipt: Operation = { put: { key, value } };
  return { kind: "transaction", transaction: { checks, ops: [...ops, receipt], else: otherwise } };
}

/** Its sum stays, and no account falls below nothing. Sometimes it looks at all of them in the same commit. */
function transfer(random: SeededRandom): Transaction {
  const [from = "", to = ""] = shuffled(random, ACCOUNTS);
  const by = random.below(AMOUNT_END);
  const ops: readonly Operation[] = [{ incr: { key: from, by: -by, min: 0 } }, { incr: { key: to, by } }];
  return { checks: [], ops: random.oneIn(3) ? [...ops, ...getAll(ACCOUNTS)] : ops, else: [] };
}

/** Of two that do this at once to each other's key one has to fail: else it would be write skew. */
function onOther(random: SeededRandom, seen: Seen): Transaction {
  const [written = "", other = ""] = shuffled(random, KEYS);
  const checks = [written, other].map((key) => unchanged(key, seen));
  return { checks, ops: [{ put: { key: written, value: random.below(1000) } }], else: getAll([written, other]) };
}

function anything(random: SeededRandom, seen: Seen): Transaction {
  const writes = shuffled(random, KEYS)
    .slice(0, 1 + random.below(3))
    .map((key) => drawWrite(random, key));
  const gets = Array.from({ length: random.below(3) }, () => drawGet(random));
  const checks = Array.from({ length: random.below(2) }, () => drawCheck(random, seen));
  const otherwise = Array.from({ length: random.below(3) }, () => drawGet(random));
  return { checks, ops: shuffled(random, [...writes, ...gets]), else: otherwise };
}

function drawCheck(random: SeededRandom, seen: Seen): Check {
  const key = random.pick(KEYS);
  if (random.oneIn(3)) return random.oneIn(2) ? { key, absent: true } : { key, exists: true };
  return unchanged(key, seen);
}

function unchanged(key: string, seen: Seen): Check {
  const revision = seen.get(key) ?? null;
  return revision === null ? { key, absent: true } : { key, revision };
}

function twinBatch(random: SeededRandom, receipt: Receipt): Transaction {
  const value = String(random.below(1_000_000));
  const ops = [...TWINS.map((key) => ({ put: { key, value } })), { put: receipt }];
  return { checks: [], ops, else: [] };
}
