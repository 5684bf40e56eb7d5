// Objects taken apart with each value's text kept as it was sent.
import { describe, expect, test } from "bun:test";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { KeyholdError } from "../core/errors.ts";
import { elementsOf, membersOf, parseJsonObject } from "./json-object.ts";

describe("parseJsonObject", () => {
  test.each([
    ["{}", []],
    [" \n{ }\t", []],
    ['{"a":1}', [["a", "1"]]],
    [
      '{ "a" : 1.0 , "b":\t[ 1, {"c": "}"} ] }',
      [
        ["a", "1.0"],
        ["b", '[ 1, {"c": "}"} ]'],
      ],
    ],
    [
      '{"a":"\\"}{","b":"\\\\"}',
      [
        ["a", '"\\"}{"'],
        ["b", '"\\\\"'],
      ],
    ],
    [
      '{"a\\"b":{},"":null,"\\u0061c":-0}',
      [
        ['a"b', "{}"],
        ["", "null"],
        ["ac", "-0"],
      ],
    ],
    [
      '{"10":true,"b":false,"__proto__":{"x":[]}}',
      [
        ["10", "true"],
        ["b", "false"],
        ["__proto__", '{"x":[]}'],
      ],
    ],
    ['{"a":1e5\r\n}', [["a", "1e5"]]],
  ])("of %s is %j", (text, members) => {
    expect(parseJsonObject(text).map(({ name, text: value }) => [name, value])).toEqual(members);
  });

  test.each(["", "[]", "null", "1", '"{}"', "{", '{"a":1,}', '{"a":1,"\\u0061":2}', '{"a":1} {"b":2}', "\u00a0{}"])(
    "of %j is refused",
    async (text) => {
      expect(await rejectionCode(() => parseJsonObject(text))).toBe("invalid-json");
    },
  );
});

const refuse = (found: string) => new KeyholdError("invalid-request", `Found ${found}`);

describe("elementsOf", () => {
  test.each([
    ["[]", []],
    ["[ \n]", []],
    ["[1]", ["1"]],
    ["[ 1.0 ,\t-0, 1E400 ]", ["1.0", "-0", "1E400"]],
    ['["]","\\"]","\\\\"]', ['"]"', '"\\"]"', '"\\\\"']],
    ['[[1, [2]], {"a": [3, "}"]}, null, true]', ["[1, [2]]", '{"a": [3, "}"]}', "null", "true"]],
    ['[106242075399214372653, {"__proto__": 1, "10": 2}]', ["106242075399214372653", '{"__proto__": 1, "10": 2}']],
  ])("of %s are the texts of its elements", (text, elements) => {
    expect(elementsOf(text, refuse)).toEqual(elements);
  });

  test.each([
    ["{}", "an object"],
    ["null", "null"],
    ['"[]"', "a string"],
    ["1", "a number"],
    ["true", "a boolean"],
  ])("of %s are refused, told what it is", async (text, found) => {
    expect(() => elementsOf(text, refuse)).toThrow(found);
    expect(await rejectionCode(async () => elementsOf(text, refuse))).toBe("invalid-request");
  });
});

describe("membersOf", () => {
  test("are those of an object within a text that has been parsed", () => {
    expect(membersOf('{"a": {"b": [1.0, "}"]}, "__proto__": 2}', refuse)).toEqual([
      { name: "a", text: '{"b": [1.0, "}"]}' },
      { name: "__proto__", text: "2" },
    ]);
  });

  test.each([
    ["[1]", "an array"],
    ["null", "null"],
    ['"{}"', "a string"],
  ])("of %s are refused, told what it is", (text, found) => {
    expect(() => membersOf(text, refuse)).toThrow(found);
  });

  test("named twice are refused, however they are escaped", async () => {
    expect(await rejectionCode(async () => membersOf('{"a": 1, "\\u0061": 2}', refuse))).toBe("invalid-json");
  });
});
