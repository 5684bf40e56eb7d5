// Equality of JSON values, as the operation "test" of a JSON Patch sees it.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { COMPARED_NUMBER_LENGTH, isJsonEqual } from "./json-equality.ts";
import { readJsonTree } from "./json-tree.ts";

/** A failure prints its seed; SEED= runs that one again. */
const RUNS = {
  numRuns: 1000,
  ...(process.env["SEED"] !== undefined && { seed: Number(process.env["SEED"]) }),
};

const isEqual = (a: string, b: string) => isJsonEqual(readJsonTree(a), readJsonTree(b));

describe("isJsonEqual", () => {
  test.each([
    ["1", "1.0"],
    ["1", "10e-1"],
    ["100", "1E+2"],
    ["0.001", "1e-3"],
    ["-1.50", "-15e-1"],
    ["0", "-0"],
    ["0", "0.000e99999999999999999999"],
    ["1e400", "10e399"],
    ["1e99999999999999999999", "10e99999999999999999998"],
    ["106242075399214372653", "106242075399214372653.0"],
    ['"a"', '"\\u0061"'],
    ['"/"', '"\\/"'],
    ['""', '""'],
    ['"\\u0061\\u0061"', '"aa"'],
    ["[ 1, [ ] ]", "[1.0,[]]"],
    ['{"a":1,"10":{"b":null}}', '{ "10": {"b": null}, "\\u0061": 1 }'],
    ['{"__proto__":1}', '{"__proto__":1}'],
  ])("of %s and %s", (a, b) => {
    expect(isEqual(a, b)).toBe(true);
    expect(isEqual(b, a)).toBe(true);
  });

  test.each([
    ["106242075399214372653", "106242075399214372654"],
    ["1e400", "1e401"],
    ["1", "-1"],
    ["1", "10"],
    ["0.1", "0.10000000000000000000000000000001"],
    ["1", '"1"'],
    ["0", "false"],
    ["null", "false"],
    ["null", "0"],
    ["null", '"null"'],
    ["[]", "{}"],
    ["[]", "null"],
    ["[1]", "[1,2]"],
    ["[1,2]", "[2,1]"],
    ['{"a":1}', "{}"],
    ['{"a":1}', '{"b":1}'],
    ['{"__proto__":1}', "{}"],
    ['{"__proto__":{}}', '{"toString":{}}'],
    ['"a"', '"A"'],
    ['"a"', `"${"a".repeat(8)}"`],
  ])("not of %s and %s", (a, b) => {
    expect(isEqual(a, b)).toBe(false);
    expect(isEqual(b, a)).toBe(false);
  });

  test("of numbers is by value up to a length, and above it by text", () => {
    const longest = `1.${"0".repeat(COMPARED_NUMBER_LENGTH - 2)}`;
    expect(isEqual(longest, "1")).toBe(true);
    expect(isEqual(`${longest}0`, "1")).toBe(false);
    expect(isEqual(`${longest}0`, `${longest}0`)).toBe(true);
  });

  test("sees values however deep they are", () => {
    const nested = (depth: number, inner: string) => `${'{"a":['.repeat(depth)}${inner}${"]}".repeat(depth)}`;
    expect(isEqual(nested(100_000, "1"), nested(100_000, "1.0"))).toBe(true);
    expect(isEqual(nested(100_000, "1"), nested(100_000, "2"))).toBe(false);
  });

  test("is what JavaScript says of numbers that it can hold", () => {
    fc.assert(
      fc.property(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }), fc.nat(3), (a, b, zeros) => {
        const text = `${b}${"0".repeat(zeros)}e-${zeros}`;
        expect(isEqual(String(a), text)).toBe(a === b);
        expect(isEqual(`${a}.5e1`, String(Number(`${b}.5`) * 10))).toBe(Number(`${a}.5`) === Number(`${b}.5`));
      }),
      RUNS,
    );
  });
});
