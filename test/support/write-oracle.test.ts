import { describe, expect, test } from "bun:test";
import { type Outcome, WriteOracle } from "./write-oracle.ts";

const A1: Outcome = new Map([["a", "1"]]);
const A2: Outcome = new Map([["a", "2"]]);
const BOTH: Outcome = new Map([
  ["a", "3"],
  ["b", "3"],
]);

async function oracleAfter(acknowledged: Outcome, cut: Outcome): Promise<WriteOracle> {
  const oracle = new WriteOracle();
  await oracle.write(acknowledged, async () => true);
  await oracle.write(cut, () => Promise.reject(new Error("cut"))).catch(() => {});
  return oracle;
}

describe("the write oracle", () => {
  test("takes the acknowledged state and the one that a cut write would leave", async () => {
    expect((await oracleAfter(A1, A2)).check(new Map([["a", "1"]]))).toEqual([]);
    expect((await oracleAfter(A1, A2)).check(new Map([["a", "2"]]))).toEqual([]);
  });
  test("finds an acknowledged write that is gone", async () => {
    expect((await oracleAfter(A1, A2)).check(new Map())).toEqual(["a: acknowledged 1, found null"]);
  });
  test("finds a value that nobody sent", async () => {
    expect((await oracleAfter(A1, A2)).check(new Map([["a", "9"]]))).toEqual(["a: acknowledged 1, found 9"]);
  });
  test("finds a refused value that is there", async () => {
    const oracle = await oracleAfter(A1, A2);
    await oracle.write(new Map([["a", "3"]]), async () => false);
    expect(oracle.check(new Map([["a", "3"]]))).toEqual(["a: acknowledged 1, found 3, which was refused"]);
    expect([oracle.refusals, oracle.unknown]).toEqual([1, { all: 1, applied: 0 }]);
  });
  test("finds half of a cut write", async () => {
    expect((await oracleAfter(A1, BOTH)).check(new Map([["a", "3"]]))).toEqual(["a: acknowledged 1, found 3"]);
    expect(
      (await oracleAfter(A1, BOTH)).check(
        new Map([
          ["a", "1"],
          ["b", "3"],
        ]),
      ),
    ).toEqual(["b: found, and no write of it was acknowledged"]);
  });
});
