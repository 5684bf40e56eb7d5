// The bounds of a batch.
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { check, put, remove, touch } from "../../test/support/requests.ts";
import { batchBytes, makeBatch } from "./batch.ts";
import { NEVER } from "./expiry.ts";
import { LIMITS } from "./limits.ts";

const puts = (count: number) => Array.from({ length: count }, (_, index) => put(`k${index}`, ""));

describe("a batch", () => {
  test("holds as many mutations as the limit, and not one more", async () => {
    expect(makeBatch(puts(LIMITS.batchMutations))).toHaveLength(LIMITS.batchMutations);
    const error = await rejectionOf(() => makeBatch(puts(LIMITS.batchMutations + 1)));
    expect(error).toMatchObject({ code: "body-too-large", data: { limit: LIMITS.batchMutations } });
  });

  test("of several keys holds as many bytes as the limit, and not one more", async () => {
    const half = new Uint8Array(LIMITS.batchBytes / 2);
    expect(makeBatch([put("a", half), put("b", half)])).toHaveLength(2);
    const error = await rejectionOf(() => makeBatch([put("a", half), put("b", half), put("c", "1")]));
    expect(error).toMatchObject({ code: "body-too-large", data: { limit: LIMITS.batchBytes } });
  });

  test("of one key holds any value: that has a limit of its own", () => {
    expect(makeBatch([put("a", new Uint8Array(LIMITS.batchBytes + 1))])).toHaveLength(1);
  });

  test("writes no key twice, by whatever operations", async () => {
    for (const second of [put("a"), remove("a"), touch("a", NEVER)]) {
      const error = await rejectionOf(() => makeBatch([put("a"), put("b"), second]));
      expect(error).toMatchObject({ code: "invalid-request", data: { key: "a" } });
    }
  });

  test("may check a key that it writes, and more than once", () => {
    expect(makeBatch([put("a"), check("a"), check("a")])).toHaveLength(3);
  });

  test("counts the bytes of the values that it carries", () => {
    expect(batchBytes([put("a", "123"), remove("b"), check("c"), put("d", "é")])).toBe(5);
  });
});
