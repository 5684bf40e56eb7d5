// The check of transactions on histories made by hand: what a client asked, what it was told, when it began and when it ended.
import { describe, expect, test } from "bun:test";
import { type Transaction, TransactionModel } from "../../support/transaction-model.ts";
import type { Told } from "./asked-exchange.ts";
import { checkTransactions } from "./check-transactions.ts";
import { ACCOUNTS, type Asked } from "./draw-asked.ts";

type Row = readonly [Asked, Told, number, number];

const asked = (transaction: Partial<Transaction>): Asked => ({
  kind: "transaction",
  transaction: { checks: [], ops: [], else: [], ...transaction },
});
const put = (key: string, value: number): Asked => asked({ ops: [{ put: { key, value } }] });
const puts = (key: string, revision: number, created = true): Told => ({
  kind: "committed",
  revision,
  results: [{ put: { key, created, expires_at: null } }],
});
const read = (...keys: readonly string[]): Asked => ({ kind: "read", keys });
const reads = (...rows: readonly (readonly [string, number, number])[]): Told => ({
  kind: "entries",
  entries: rows.map(([key, value, revision]) => ({
    key,
    value,
    content_type: "application/json",
    size: String(value).length,
    revision,
    expires_at: null,
  })),
});
const onOther = (written: string, other: string): Asked =>
  asked({ checks: [{ key: other, absent: true }], ops: [{ put: { key: written, value: 1 } }] });

const GOOD: Readonly<Record<string, readonly Row[]>> = {
  "nothing at all": [],
  "two beside each other, in the order of their revisions": [
    [put("a", 1), puts("a", 2, false), 0, 9],
    [put("a", 2), puts("a", 1), 1, 8],
    [read("a"), reads(["a", 1, 2]), 10, 11],
  ],
  "a read beside a write that does not see it yet": [
    [put("a", 1), puts("a", 1), 0, 9],
    [read("a"), reads(), 2, 3],
  ],
  "one without an answer that was carried out": [
    [put("a", 1), { kind: "committed", revision: 1, results: null }, 0, Number.POSITIVE_INFINITY],
    [read("a"), reads(), 1, 2],
    [read("a"), reads(["a", 1, 1]), 3, 4],
  ],
  "of two that rest on each other's key, one": [
    [onOther("a", "b"), puts("a", 1), 0, 9],
    [
      onOther("b", "a"),
      { kind: "failed", answer: { failures: [{ check: 0, key: "a", revision: 1 }], else: [] } },
      1,
      8,
    ],
  ],
};

const BAD: Readonly<Record<string, readonly Row[]>> = {
  "a result that is not the model's": [
    [put("a", 1), puts("a", 1), 0, 1],
    [put("a", 2), puts("a", 2, true), 2, 3],
  ],
  "write skew": [
    [onOther("a", "b"), puts("a", 1), 0, 9],
    [onOther("b", "a"), puts("b", 2), 1, 8],
  ],
  "half of what was written together": [
    [
      asked({ ops: [{ put: { key: "a", value: 1 } }, { put: { key: "b", value: 1 } }] }),
      { kind: "committed", revision: 1, results: null },
      0,
      9,
    ],
    [read("a", "b"), reads(["a", 1, 1]), 1, 8],
  ],
  "a later write with the smaller revision": [
    [put("a", 1), puts("a", 2), 0, 1],
    [put("b", 1), puts("b", 1), 2, 3],
  ],
  "two commits of one revision": [
    [put("a", 1), puts("a", 1), 0, 9],
    [put("b", 1), puts("b", 1), 1, 8],
  ],
  "a stale read": [
    [put("a", 1), puts("a", 1), 0, 1],
    [read("a"), reads(), 2, 3],
  ],
  "a read of what comes later": [
    [read("a"), reads(["a", 1, 1]), 0, 1],
    [put("a", 1), puts("a", 1), 2, 3],
  ],
  "two reads in turn that see a write and then do not": [
    [put("a", 1), puts("a", 1), 0, 9],
    [read("a"), reads(["a", 1, 1]), 1, 2],
    [read("a"), reads(), 3, 4],
  ],
  "a check that failed although it held": [
    [
      asked({ checks: [{ key: "a", absent: true }] }),
      { kind: "failed", answer: { failures: [{ check: 0, key: "a", revision: 1 }], else: [] } },
      0,
      1,
    ],
  ],
};

describe("the check takes", () => {
  for (const [name, rows] of Object.entries(GOOD)) test(name, () => expect(faultsOf(rows)).toEqual([]));
});

describe("the check finds", () => {
  for (const [name, rows] of Object.entries(BAD)) test(name, () => expect(faultsOf(rows)).not.toEqual([]));
});

test("it finds accounts that do not add up, whatever the model says", () => {
  const balances = ACCOUNTS.map((key, index) => [key, index, 1] as const);
  const faults = faultsOf([
    [
      asked({ ops: balances.map(([key, value]) => ({ put: { key, value } })) }),
      { kind: "committed", revision: 1, results: null },
      0,
      1,
    ],
    [read(...ACCOUNTS), reads(...balances), 2, 3],
  ]);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toStartWith("The accounts do not add up");
});

function faultsOf(rows: readonly Row[]): readonly string[] {
  const all = rows.map(([asks, told, calledAt, endedAt], client) => ({ client, asked: asks, told, calledAt, endedAt }));
  return checkTransactions({ revision: 0, model: new TransactionModel() }, all).faults;
}
