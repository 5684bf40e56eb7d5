// Which keys lie together, and what is told of keys that do not.
import { expect, test } from "bun:test";
import { keyOf } from "../../test/support/requests.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import { groupByPartition, requireOnePartition, taggedPart } from "./partitions.ts";

const byFirst = (key: Key) => key.slice(0, 1);

test.each([
  ["plain", "plain"],
  ["{cart}a", "cart"],
  ["a/{cart}/b", "cart"],
  ["{a}{b}", "a"],
  ["{{a}}", "{a"],
  ["{}a", "{}a"],
  ["a{}{b}", "a{}{b}"],
  ["{a", "{a"],
  ["}a{", "}a{"],
  ["}{a}", "a"],
])("the partition of %j follows from %j", (key, part) => {
  expect(taggedPart(key)).toBe(part);
});

test("groups and their keys come in the order in which they were named", () => {
  const keys = ["b1", "a1", "b2", "c1", "a2"].map(keyOf);
  expect<unknown>(groupByPartition(keys, byFirst)).toEqual([["b1", "b2"], ["a1", "a2"], ["c1"]]);
  expect(groupByPartition([], byFirst)).toEqual([]);
});

test("keys of one partition are held together, none and one among them", () => {
  for (const names of [[], ["a"], ["a1", "a2", "a1"]]) requireOnePartition(names.map(keyOf), byFirst);
});

test("keys of several are refused by their groups, each named once, with the ways out", () => {
  const error = refusal(["a1", "b1", "a2", "b1"]);
  expect(error).toMatchObject({
    code: "cross-partition",
    data: { partitions: [["a1", "a2"], ["b1"]], partition_count: 2 },
  });
  for (const said of ['"a1"', '"b1"', "{tag}", "one request a key", "--partitions 1"]) {
    expect(error.detail).toContain(said);
  }
});

test.each([
  [2, 1000, [50, 50]],
  [2, 3, [2, 1]],
  [101, 101, Array.from({ length: 100 }, () => 1)],
])("a refusal over %i groups of %i keys names a hundred at most", (groups, keys, lengths) => {
  const names = Array.from({ length: keys }, (_, index) => `k${index}`);
  const { partitions, partition_count } = refusal(names, (key) => String(Number(key.slice(1)) % groups)).data;
  expect(partition_count).toBe(groups);
  expect(Array.isArray(partitions) ? partitions.map((named) => named.length) : null).toEqual(lengths);
});

function refusal(names: readonly string[], partitionOf = (key: string) => key.slice(0, 1)): KeyholdError {
  try {
    requireOnePartition(names.map(keyOf), partitionOf);
  } catch (error) {
    if (error instanceof KeyholdError) return error;
  }
  throw new Error("Nothing was refused");
}
