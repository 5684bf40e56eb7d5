// Objects taken apart with each value's text kept as it was sent.
import { describe, expect, test } from "bun:test";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { parseJsonObject } from "./json-object.ts";

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
