// Each capability has words, the same questions for every engine, and none for a promise that there is not.
import { describe, expect, test } from "bun:test";
import { guaranteesOf } from "./guarantees.ts";
import type { Capabilities } from "./store.ts";

const LOCAL: Capabilities = {
  atomicity: "store",
  order: "store",
  reads: "snapshot",
  durability: "power-loss",
  deletions: "one-commit",
  servers: "one",
  promise: "fsync",
};
const REMOTE: Capabilities = {
  atomicity: "partition",
  order: "partition",
  reads: "per-entry",
  durability: "delegated",
  deletions: "page-by-page",
  servers: "many",
  promise: "replicated:1",
};

function answersOf(capabilities: Capabilities): readonly string[] {
  return guaranteesOf(capabilities).map(({ answer }) => answer);
}

test("every engine is asked the same, and each capability answers something", () => {
  const questions = guaranteesOf(LOCAL).map(({ question }) => question);
  expect(guaranteesOf(REMOTE).map(({ question }) => question)).toEqual(questions);
  expect(new Set(questions).size).toBe(questions.length);
  const members = guaranteesOf(LOCAL).flatMap((guarantee) => guarantee.members);
  expect(new Set<string>(members)).toEqual(new Set(Object.keys(LOCAL)));
});

test("another value of a capability changes what it answers, and nothing that names other members", () => {
  for (const name of Object.keys(LOCAL)) {
    const other = { ...LOCAL, [name]: Reflect.get(REMOTE, name) };
    for (const [index, { members, answer }] of guaranteesOf(LOCAL).entries()) {
      const changed = guaranteesOf(other)[index]?.answer !== answer;
      if (!members.some((member) => member === name)) expect([name, index, changed]).toEqual([name, index, false]);
    }
    expect([name, answersOf(other)]).not.toEqual([name, answersOf(LOCAL)]);
  }
});

describe("a promise", () => {
  test.each([
    ["applied", "`applied`: it can be read"],
    ["fsync", "`fsync`: it is on the disk"],
    ["replicated:1", "`replicated:1`: 1 other machine has it too"],
    ["replicated:2", "`replicated:2`: 2 other machines have it too"],
    ["replicated:2+fsync", "`replicated:2+fsync`: it is on the disk, and 2 other machines have it too"],
  ])("%s reads %j", (promise, words) => {
    expect(answersOf({ ...REMOTE, promise })[0]).toBe(words);
  });

  test.each(["", "synced", "replicated:0", "replicated:", "fsync+replicated:1", "replicated:1+sync"])(
    "that there is not has no words: %j",
    (promise) => {
      expect(() => guaranteesOf({ ...LOCAL, promise })).toThrow(RangeError);
    },
  );

  test("of copies counts for the loss of power and of machines; one without does not", () => {
    const about = (promise: string) => answersOf({ ...REMOTE, promise }).slice(2, 4);
    const all = ["applied", "fsync", "replicated:1", "replicated:1+fsync"].map(about);
    expect(all.map(([power = "", machine = ""]) => [power.startsWith("yes"), machine.startsWith("yes")])).toEqual([
      [false, false],
      [true, false],
      [true, true],
      [true, true],
    ]);
  });
});
