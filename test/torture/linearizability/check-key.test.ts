// The checker on histories made by hand: a row is what one client asked, what it was told, when it began and when it ended.
import { describe, expect, test } from "bun:test";
import { checkKey } from "./check-key.ts";
import { type Answer, type Condition, NOTHING_TOLD, type Operation, type Request, type Shown } from "./key-model.ts";

const ALWAYS: Condition = { kind: "none" };
const UNKNOWN: Answer = { kind: "unknown" };
const MISSING: Answer = { kind: "shown", entry: null };

const put = (value: string, condition: Condition = ALWAYS): Request => ({ kind: "put", value, condition });
const read: Request = { kind: "read", view: "value", tag: null };
const drop: Request = { kind: "delete", isTake: false, condition: ALWAYS };
const take: Request = { kind: "delete", isTake: true, condition: ALWAYS };
const count = (by: number, max: number | null = null): Request => ({ kind: "count", by, min: null, max });

const told = (value: string | null, revision: number | null = null): Shown => ({
  ...NOTHING_TOLD,
  value,
  revision,
  tag: revision === null ? null : `"${revision}"`,
});
const shown = (value: string, revision: number | null = null): Answer => ({
  kind: "shown",
  entry: told(value, revision),
});
const made = (revision: number | null = null, value: string | null = null): Answer => ({
  kind: "written",
  isNew: true,
  entry: told(value, revision),
});
const changed = (revision: number | null = null, value: string | null = null): Answer => ({
  kind: "written",
  isNew: false,
  entry: told(value, revision),
});
const removed = (value: string | null = null): Answer => ({ kind: "removed", entry: told(value) });

type Row = readonly [Request, Answer, number, number];

const GOOD: Readonly<Record<string, readonly Row[]>> = {
  "nothing at all": [],
  "a read of what was put": [
    [put("a"), made(), 0, 1],
    [read, shown("a"), 2, 3],
  ],
  "reads beside a put that see both, the earlier one the earlier state": [
    [put("a"), made(), 0, 9],
    [read, MISSING, 1, 2],
    [read, shown("a"), 3, 4],
  ],
  "a put without an answer that is seen later": [
    [put("a"), UNKNOWN, 0, Number.POSITIVE_INFINITY],
    [read, MISSING, 1, 2],
    [read, shown("a", 7), 3, 4],
    [put("b", { kind: "tag", tag: '"7"' }), changed(9), 5, 6],
  ],
  "a put without an answer that never took effect": [
    [put("a"), UNKNOWN, 0, 5],
    [read, MISSING, 6, 7],
  ],
  "puts beside each other, in the order that their revisions say": [
    [put("a"), changed(2), 0, 9],
    [put("b"), made(1), 1, 8],
    [read, shown("a", 2), 10, 11],
  ],
  "counters without answers, one of which took effect": [
    [count(2), UNKNOWN, 0, 9],
    [count(3), UNKNOWN, 1, 9.5],
    [read, shown("3"), 10, 11],
  ],
  "a counter at its bound": [
    [count(5), made(1, "5"), 0, 1],
    [count(1, 5), { kind: "refused", code: "out-of-range", value: "5" }, 2, 3],
  ],
  "a condition that holds no more": [
    [put("a"), made(1), 0, 1],
    [put("b"), changed(2), 2, 3],
    [put("c", { kind: "tag", tag: '"1"' }), { kind: "mismatch", revision: 2 }, 4, 5],
  ],
};

const BAD: Readonly<Record<string, readonly Row[]>> = {
  "a stale read": [
    [put("a"), made(), 0, 1],
    [put("b"), changed(), 2, 3],
    [read, shown("a"), 4, 5],
  ],
  "reads beside a put that see it and then do not": [
    [put("a"), made(), 0, 9],
    [read, shown("a"), 1, 2],
    [read, MISSING, 3, 4],
  ],
  "two readers that see two puts in two orders": [
    [put("a"), changed(), 0, 20],
    [put("b"), made(), 1, 21],
    [read, shown("a"), 2, 3],
    [read, shown("b"), 4, 5],
    [read, shown("a"), 6, 7],
  ],
  "a put without an answer that takes effect after the end of its server": [
    [put("a"), UNKNOWN, 0, 5],
    [read, MISSING, 6, 7],
    [read, shown("a"), 8, 9],
  ],
  "a lost put": [
    [put("a"), made(), 0, 1],
    [read, MISSING, 2, 3],
  ],
  "a value that nobody wrote": [[read, shown("a"), 0, 1]],
  "two that were both first": [
    [put("a", { kind: "absent" }), made(1), 0, 9],
    [put("b", { kind: "absent" }), made(2), 1, 8],
  ],
  "a lost update": [
    [count(1), made(1, "1"), 0, 1],
    [count(1), changed(2, "2"), 2, 9],
    [count(1), changed(3, "2"), 3, 8],
  ],
  "a count that counted twice": [
    [count(1), made(1, "1"), 0, 1],
    [read, shown("2"), 2, 3],
  ],
  "one value taken twice": [
    [put("a"), made(), 0, 1],
    [take, removed("a"), 2, 9],
    [take, removed("a"), 3, 8],
  ],
  "a read of what was deleted": [
    [put("a"), made(), 0, 1],
    [drop, removed(), 2, 3],
    [read, shown("a"), 4, 5],
  ],
  "a condition that won although the state had changed": [
    [put("a"), made(1), 0, 1],
    [put("b"), changed(2), 2, 3],
    [put("c", { kind: "tag", tag: '"1"' }), changed(3), 4, 5],
  ],
  "a condition that failed although it held": [
    [put("a"), made(1), 0, 1],
    [put("c", { kind: "tag", tag: '"1"' }), { kind: "mismatch", revision: 1 }, 2, 3],
  ],
  "a revision that falls over a deletion": [
    [put("a"), made(5), 0, 1],
    [drop, removed(), 2, 3],
    [put("b"), made(4), 4, 5],
  ],
  "one state under two tags": [
    [put("a"), made(1), 0, 1],
    [read, { kind: "shown", entry: { ...told("a", 1), tag: '"other"' } }, 2, 3],
  ],
};

describe("the checker takes", () => {
  for (const [name, rows] of Object.entries(GOOD)) test(name, () => expect(checkKey(history(rows))).toBeNull());
});

describe("the checker finds", () => {
  for (const [name, rows] of Object.entries(BAD)) test(name, () => expect(checkKey(history(rows))).not.toBeNull());
});

test("it says which answer has no explanation, and what the key may have been", () => {
  const violation = checkKey(history(BAD["a stale read"] ?? []));
  expect(violation?.operation.answer).toEqual(shown("a"));
  expect(violation?.states.map(({ value }) => value)).toEqual(["b"]);
});

function history(rows: readonly Row[]): readonly Operation[] {
  return rows.map(([request, answer, calledAt, endedAt], client) => ({ client, request, answer, calledAt, endedAt }));
}
