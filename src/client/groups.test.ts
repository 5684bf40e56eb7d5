import { describe, expect, test } from "bun:test";
import { inGroups } from "./groups.ts";

const bounds = { countMax: 3, lengthMax: 10, lengthOf: (text: string) => text.length };

describe("groups", () => {
  test("hold as many as the count allows, and one more begins another", () => {
    expect(inGroups(["a", "b", "c"], bounds)).toEqual([["a", "b", "c"]]);
    expect(inGroups(["a", "b", "c", "d"], bounds)).toEqual([["a", "b", "c"], ["d"]]);
    expect(inGroups([], bounds)).toEqual([]);
  });

  test("hold as much as the length allows, and what is longer by itself goes alone", () => {
    expect(inGroups(["12345", "67890"], bounds)).toEqual([["12345", "67890"]]);
    expect(inGroups(["12345", "678901"], bounds)).toEqual([["12345"], ["678901"]]);
    expect(inGroups(["1", "x".repeat(11), "2", "3"], bounds)).toEqual([["1"], ["x".repeat(11)], ["2", "3"]]);
  });
});
