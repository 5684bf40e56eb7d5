// Slots, against what the cluster specification and a server say.
import { expect, test } from "bun:test";
import { SLOTS, slotOf, slotOfTag } from "./slots.ts";

test("are those of the cluster specification", () => {
  expect(SLOTS).toBe(16_384);
  // CRC-16 of "123456789" is 0x31c3; the others are what CLUSTER KEYSLOT answers.
  expect(slotOf("123456789")).toBe(0x31c3);
  expect(slotOf("")).toBe(0);
  expect(slotOf("foo")).toBe(12_182);
  expect(slotOf("é\u{1f600}")).toBe(slotOf("é\u{1f600}"));
});

test("are made of the part in braces, unless it is empty", () => {
  expect(slotOf("a{foo}b")).toBe(slotOf("foo"));
  expect(slotOf("{foo}{bar}")).toBe(slotOf("foo"));
  expect(slotOf("a{}{foo}")).not.toBe(slotOf("foo"));
  expect(slotOf("a{foo")).not.toBe(slotOf("foo"));
});

test("of tags are those of keys", () => {
  for (const tag of ["", "0", "zz", "1a2b", "foo"]) expect(slotOfTag(tag)).toBe(slotOf(tag));
});
