// Edits worked out on what stands; what an engine makes of them is in test/conformance/edits.suite.ts.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { add, append, bytesOf, keyOf, put, remove, textOf } from "../../test/support/requests.ts";
import { makeBatch } from "./batch.ts";
import { isEdit, workOut } from "./edit.ts";
import { type Entry, toRevision, toTag } from "./entry.ts";
import { NEVER, toEpochMs } from "./expiry.ts";
import { formOf } from "./value-form.ts";

const MAX = Number.MAX_SAFE_INTEGER;

function standing(value: string | Uint8Array, contentType = "text/plain"): Entry {
  const bytes = bytesOf(value);
  const at = toEpochMs(1);
  return {
    key: keyOf("a"),
    size: bytes.length,
    contentType,
    form: formOf(bytes, contentType),
    revision: toRevision(7),
    tag: toTag("7.x"),
    createdAt: at,
    modifiedAt: at,
    expiresAt: null,
    value: bytes,
  };
}

/** The one write that a mutation comes to. */
function workedOut(mutation: Parameters<typeof makeBatch>[0][number], entry: Entry | null) {
  const [write] = workOut(makeBatch([mutation]), [entry]);
  if (write?.op !== "put") throw new Error("An edit comes to a put");
  return write;
}

test("a batch without edits is left as it is, to the object", () => {
  const batch = makeBatch([put("a"), remove("b")]);
  const writes = workOut(batch, [null, null]);
  expect(batch.map((mutation, index) => Object.is(mutation, writes[index]))).toEqual([true, true]);
});

test("each edit is worked out on what stands under its own key", () => {
  const batch = makeBatch([put("p", "x"), add("n", 1), append("t", "end", "!")]);
  expect(batch.map(isEdit)).toEqual([false, true, true]);
  const writes = workOut(batch, [standing("5"), standing("41"), standing("hi")]);
  expect(writes.map((write) => write.op === "put" && textOf(write.value))).toEqual(["x", "42", "hi!"]);
});

test("an edit keeps its key, conditions, expiry and want", () => {
  const terms = { when: [{ is: "present" }], want: "after", expiry: NEVER } as const;
  for (const mutation of [add("a", 1, terms), append("a", "start", "x", terms)]) {
    expect(workedOut(mutation, standing("1"))).toMatchObject({ op: "put", key: "a", ...terms } as never);
  }
});

test("what is created is a JSON number and a text; what stands keeps its type, and its form follows from the bytes", () => {
  expect(workedOut(add("a", 1), null)).toMatchObject({ contentType: "application/json", form: "json" });
  expect(workedOut(append("a", "end", "x"), null)).toMatchObject({
    contentType: "text/plain; charset=utf-8",
    form: "text",
  });
  expect(workedOut(append("a", "end", "}"), standing("{", "application/json"))).toMatchObject({ form: "json" });
  expect(workedOut(append("a", "end", "x"), standing(Uint8Array.of(0xff)))).toMatchObject({ form: "bytes" });
});

test("sums within ±(2^53−1) are exact, and the value stands between the bounds or is refused", async () => {
  const integer = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -20, max: 20 }), fc.constantFrom(MAX, -MAX, 0));
  await fc.assert(
    fc.asyncProperty(integer, integer, integer, integer, fc.boolean(), async (value, delta, one, other, isNew) => {
      const [min, max] = [Math.min(one, other), Math.max(one, other)];
      const entry = isNew ? null : standing(String(value));
      const work = async () => workedOut(add("a", delta, { initial: value, min, max }), entry);
      const sum = BigInt(value) + BigInt(delta);
      if (sum >= BigInt(min) && sum <= BigInt(max)) expect(textOf((await work()).value)).toBe(String(sum));
      else expect(await rejectionCode(work)).toBe("out-of-range");
    }),
  );
});

test.each([
  "",
  "+1",
  "01",
  "-0",
  "-",
  "1.",
  " 1",
  "1 ",
  "1e1",
  "٣",
  "9007199254740992",
  "-9007199254740992",
  "\ufeff1",
])("%j is no integer to count on", async (text) => {
  expect(await rejectionCode(async () => workedOut(add("a", 0), standing(text)))).toBe("not-an-integer");
});

test("text is added to either side up to its bound, and not a byte more", async () => {
  expect(textOf(workedOut(append("a", "start", "ab", { maxBytes: 4 }), standing("cd")).value)).toBe("abcd");
  expect(textOf(workedOut(append("a", "end", "ab", { maxBytes: 4 }), standing("cd")).value)).toBe("cdab");
  for (const side of ["start", "end"] as const) {
    const over = async () => workedOut(append("a", side, "abc", { maxBytes: 4 }), standing("cd"));
    expect(await rejectionCode(over)).toBe("value-too-large");
    const newOver = async () => workedOut(append("a", side, "abcde", { maxBytes: 4 }), null);
    expect(await rejectionCode(newOver)).toBe("value-too-large");
  }
});

test("the value that stands is not written into", () => {
  const entry = standing("ab");
  workedOut(append("a", "end", "c"), entry);
  workedOut(append("a", "end", ""), entry).value.fill(0);
  expect(textOf(entry.value)).toBe("ab");
});
