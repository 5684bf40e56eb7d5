// Objects some of whose members are JSON texts already.
import { expect, test } from "bun:test";
import { JsonText, stringifyMembers } from "./json-text.ts";

test("members are as JSON.stringify writes them, in their order", () => {
  const members = { b: "x\n", a: [1, null], "10": true, n: null, 'q"': { x: 1 } };
  expect(stringifyMembers(members)).toBe(JSON.stringify(members));
  expect(stringifyMembers({})).toBe("{}");
});

test("a text is put in as it stands", () => {
  expect(stringifyMembers({ a: 1, b: new JsonText('[1.0, {"z": 106242075399214372653}]'), c: "x" })).toBe(
    '{"a":1,"b":[1.0, {"z": 106242075399214372653}],"c":"x"}',
  );
});

test("a member that is undefined is left out", () => {
  expect(stringifyMembers({ a: undefined, b: 1 })).toBe('{"b":1}');
});
