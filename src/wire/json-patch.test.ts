// JSON patches: the examples of RFC 6902, what must be refused, what must stay as it was, and how much may be asked.
import { describe, expect, test } from "bun:test";
import { rejectionCode, rejectionOf } from "../../test/support/rejection-code.ts";
import { LIMITS } from "../core/limits.ts";
import { applyJsonPatch, parseJsonPatch } from "./json-patch.ts";

const ROOM = { maxBytes: 1024 * 1024 };

const COPY_AND_ADD = '{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/y","value":2}';
const COPY_AND_REMOVE = '{"op":"copy","from":"/a","path":"/b"},{"op":"remove","path":"/a/x"}';
const ADD_WITHIN_ADDED = '{"op":"add","path":"/a","value":{"b":[1]}},{"op":"add","path":"/a/b/0","value":0}';

const apply = (document: string, patch: string, limits = ROOM) =>
  applyJsonPatch(document, parseJsonPatch(patch), limits);

describe("a patch applied", () => {
  // RFC 6902, Appendix A, by section.
  test.each([
    ["A.1", '{"foo":"bar"}', '{"op":"add","path":"/baz","value":"qux"}', '{"foo":"bar","baz":"qux"}'],
    ["A.2", '{"foo":["bar","baz"]}', '{"op":"add","path":"/foo/1","value":"qux"}', '{"foo":["bar","qux","baz"]}'],
    ["A.3", '{"baz":"qux","foo":"bar"}', '{"op":"remove","path":"/baz"}', '{"foo":"bar"}'],
    ["A.4", '{"foo":["bar","qux","baz"]}', '{"op":"remove","path":"/foo/1"}', '{"foo":["bar","baz"]}'],
    ["A.5", '{"baz":"qux","foo":"bar"}', '{"op":"replace","path":"/baz","value":"boo"}', '{"baz":"boo","foo":"bar"}'],
    [
      "A.6",
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '{"op":"move","from":"/foo/waldo","path":"/qux/thud"}',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      "A.7",
      '{"foo":["all","grass","cows","eat"]}',
      '{"op":"move","from":"/foo/1","path":"/foo/3"}',
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      "A.8",
      '{"baz":"qux","foo":["a",2,"c"]}',
      '{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}',
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    [
      "A.10",
      '{"foo":"bar"}',
      '{"op":"add","path":"/child","value":{"grandchild":{}}}',
      '{"foo":"bar","child":{"grandchild":{}}}',
    ],
    ["A.11", '{"foo":"bar"}', '{"op":"add","path":"/baz","value":"qux","xyz":123}', '{"foo":"bar","baz":"qux"}'],
    ["A.14", '{"/":9,"~1":10}', '{"op":"test","path":"/~01","value":10}', '{"/":9,"~1":10}'],
    ["A.16", '{"foo":["bar"]}', '{"op":"add","path":"/foo/-","value":["abc","def"]}', '{"foo":["bar",["abc","def"]]}'],
  ])("is what RFC 6902 %s says", (_section, document, operations, result) => {
    expect(apply(document, `[${operations}]`)).toBe(result);
  });

  test.each([
    ["the whole value", '{"a":1}', '{"op":"replace","path":"","value":[1.0]}', "[1.0]"],
    ["the whole value, added", "1", '{"op":"add","path":"","value":{"a":1}}', '{"a":1}'],
    ["the whole value, by a part", '{"a":[ 1 ]}', '{"op":"move","from":"/a","path":""}', "[ 1 ]"],
    ["the whole value, into itself", '{"a":1}', '{"op":"copy","from":"","path":"/b"}', '{"a":1,"b":{"a":1}}'],
    ["the end of an array, by its length", "[1]", '{"op":"add","path":"/1","value":2}', "[1,2]"],
    ["the start of an array", "[1]", '{"op":"add","path":"/0","value":2}', "[2,1]"],
    ["an empty array", "[ ]", '{"op":"add","path":"/-","value":1}', "[1]"],
    ["an item", "[1,2]", '{"op":"replace","path":"/1","value":null}', "[1,null]"],
    ["the member of no name", '{"":1}', '{"op":"replace","path":"/","value":2}', '{"":2}'],
    ["a member named as the end of an array", '{"-":1}', '{"op":"remove","path":"/-"}', "{}"],
    ["a member named as an index", '{"01":1}', '{"op":"replace","path":"/01","value":2}', '{"01":2}'],
    ["a member that is null", '{"a":null}', '{"op":"replace","path":"/a","value":1}', '{"a":1}'],
    ["__proto__", '{"__proto__":1,"b":2}', '{"op":"remove","path":"/__proto__"}', '{"b":2}'],
    [
      "what is in __proto__",
      '{"__proto__":{}}',
      '{"op":"add","path":"/__proto__/a","value":1}',
      '{"__proto__":{"a":1}}',
    ],
    ["constructor", "{}", '{"op":"add","path":"/constructor","value":1}', '{"constructor":1}'],
    ["a value by the same path", '{"a":1,"b":2}', '{"op":"move","from":"/a","path":"/a"}', '{"a":1,"b":2}'],
    ["an item by the same path", "[1,2]", '{"op":"move","from":"/0","path":"/0"}', "[1,2]"],
    ["a copy, and not what it is of", '{"a":{"x":1}}', COPY_AND_ADD, '{"a":{"x":1},"b":{"x":1,"y":2}}'],
    ["the original, and not its copy", '{"a":{"x":1}}', COPY_AND_REMOVE, '{"a":{},"b":{"x":1}}'],
    ["what an operation before has put", "{}", ADD_WITHIN_ADDED, '{"a":{"b":[0,1]}}'],
  ])("changes %s", (_subject, document, operations, result) => {
    expect(apply(document, `[${operations}]`)).toBe(result);
  });

  test.each([
    ["a path below a string", '{"s":"abc"}', '{"op":"copy","from":"/s/length","path":"/n"}'],
    ["a test below a string", '{"s":"abc"}', '{"op":"test","path":"/s/length","value":3}'],
    ["the length of an array", '{"a":[1]}', '{"op":"replace","path":"/a/length","value":0}'],
    ["an inherited member to be removed", '{"a":{}}', '{"op":"remove","path":"/a/toString"}'],
    ["an inherited member to be replaced", "{}", '{"op":"replace","path":"/constructor","value":1}'],
    ["an inherited member to be copied", "{}", '{"op":"copy","from":"/__proto__","path":"/b"}'],
    ["a path through an inherited member", "{}", '{"op":"add","path":"/__proto__/x","value":1}'],
    ["an index with a leading zero", "[1,2]", '{"op":"test","path":"/01","value":2}'],
    ["an index with a leading zero to add at", "[1,2]", '{"op":"add","path":"/00","value":2}'],
    ["an index with a sign", "[1,2]", '{"op":"add","path":"/-1","value":2}'],
    ["an index with an exponent", "[1,2]", '{"op":"replace","path":"/1e0","value":2}'],
    ["an index that is a name", "[1,2]", '{"op":"add","path":"/a","value":2}'],
    ["an index one beyond the end", "[1]", '{"op":"add","path":"/2","value":3}'],
    ["an item behind the last to be removed", "[1]", '{"op":"remove","path":"/1"}'],
    ["the end of an array to be removed", "[1]", '{"op":"remove","path":"/-"}'],
    ["the end of an array to be replaced", "[1]", '{"op":"replace","path":"/-","value":1}'],
    ["the end of an array on the way", "[[]]", '{"op":"add","path":"/-/0","value":1}'],
    ["a missing member to be removed", '{"a":1}', '{"op":"remove","path":"/b"}'],
    ["a missing member to be replaced", '{"a":1}', '{"op":"replace","path":"/b","value":1}'],
    ["a missing member to be copied", '{"a":1}', '{"op":"copy","from":"/b","path":"/c"}'],
    ["a missing member to be moved to its place", '{"a":1}', '{"op":"move","from":"/b","path":"/b"}'],
    ["a missing member tested for null", "{}", '{"op":"test","path":"/a","value":null}'],
    ["a parent that is not there", '{"a":1}', '{"op":"add","path":"/b/c","value":1}'],
    ["a parent that is null", '{"a":null}', '{"op":"add","path":"/a/b","value":1}'],
    ["a number tested for a string", '{"~1":10}', '{"op":"test","path":"/~01","value":"10"}'],
    ["a place that the move takes away", '{"a":[1,2]}', '{"op":"move","from":"/a/0","path":"/a/2"}'],
    ["the whole value to be removed", "[]", '{"op":"remove","path":""}'],
  ])("is refused for %s", async (_subject, document, operations) => {
    const error = await rejectionOf(() => apply(document, `[${operations}]`));
    expect(error).toMatchObject({ code: "patch-failed", data: { operation: 0, path: JSON.parse(operations).path } });
  });

  test("is refused whole, naming the operation and its path, and leaves nothing behind", async () => {
    const patch = parseJsonPatch(
      '[{"op":"replace","path":"/a/0","value":9},{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/c","value":2}]',
    );
    const error = await rejectionOf(() => applyJsonPatch('{"a":[1],"c":1}', patch, ROOM));
    expect(error).toMatchObject({ code: "patch-failed", data: { operation: 2, path: "/c" } });
    expect(applyJsonPatch('{"a":[1],"c":2.0}', patch, ROOM)).toBe('{"a":[9],"c":2.0,"b":[9]}');
    expect(applyJsonPatch('{"a":[1],"c":2.0}', patch, ROOM)).toBe('{"a":[9],"c":2.0,"b":[9]}');
  });

  test("of tests alone gives the value to the letter", () => {
    const document = ' { "a" : [ 1.0 ], "b": { } }\n';
    const patch = '[{"op":"test","path":"/a/0","value":1},{"op":"test","path":"","value":{"b":{},"a":[1]}}]';
    expect(apply(document, patch)).toBe(document);
    expect(apply(document, "[]")).toBe(document);
  });

  test.each([
    [
      '{"10":1.0,"b":106242075399214372653,"2":{ "c" : 1e400 }}',
      '{"op":"add","path":"/1","value":-0}',
      '{"10":1.0,"b":106242075399214372653,"2":{ "c" : 1e400 },"1":-0}',
    ],
    ['{"\\u0061":1E5,"b":[ 1.0 ]}', '{"op":"replace","path":"/a","value":1.50}', '{"\\u0061":1.50,"b":[ 1.0 ]}'],
    ['{"\\u0061":1E5,"b":2}', '{"op":"add","path":"/a","value":3}', '{"\\u0061":3,"b":2}'],
    ['{"a":[ {"x":1.0} , 2.0 ]}', '{"op":"move","from":"/a/0","path":"/a/-"}', '{"a":[2.0,{"x":1.0}]}'],
    ['{"a":{ "x" : -0 }}', '{"op":"copy","from":"/a","path":"/b"}', '{"a":{ "x" : -0 },"b":{ "x" : -0 }}'],
    ["{}", '{"op":"add","path":"/\\ud800","value":"\\ud800"}', '{"\\ud800":"\\ud800"}'],
  ])("to %s, %s, keeps numbers, names and order", (document, operation, result) => {
    expect(apply(document, `[${operation}]`)).toBe(result);
  });
});

describe("what a patch may ask", () => {
  const grow = (length: number) => `[{"op":"add","path":"/a","value":"${"x".repeat(length - '{"a":""}'.length)}"}]`;

  test("is a value of the limit, and no byte more", async () => {
    expect(apply("{}", grow(100), { maxBytes: 100 })).toHaveLength(100);
    const error = await rejectionOf(() => apply("{}", grow(101), { maxBytes: 100 }));
    expect(error).toMatchObject({ code: "value-too-large", data: { limit: 100 } });
  });

  test("is counted in bytes of UTF-8", async () => {
    const patch = '[{"op":"add","path":"","value":"éé"}]';
    expect(apply("1", patch, { maxBytes: 6 })).toBe('"éé"');
    expect(await rejectionCode(() => apply("1", patch, { maxBytes: 5 }))).toBe("value-too-large");
  });

  test("is to copy as much as a value may have, and not a unit more, even if it is removed again", async () => {
    const copies = (count: number) =>
      `[${'{"op":"copy","from":"/0","path":"/1"},{"op":"remove","path":"/1"},'.repeat(count)}{"op":"test","path":"/0","value":"12345678"}]`;
    expect(apply('["12345678"]', copies(4), { maxBytes: 40 })).toBe('["12345678"]');
    expect(await rejectionCode(() => apply('["12345678"]', copies(5), { maxBytes: 40 }))).toBe("value-too-large");
  });

  test("is no copy that doubles the value again and again", async () => {
    const doubling = `[${Array.from({ length: 1000 }, () => '{"op":"copy","from":"","path":"/-"}').join(",")}]`;
    expect(await rejectionCode(() => apply("[1]", doubling))).toBe("value-too-large");
  });

  test(`is ${LIMITS.patchOperations} operations`, async () => {
    const adds = (count: number) =>
      `[${Array.from({ length: count }, () => '{"op":"add","path":"/0","value":1}').join(",")}]`;
    expect(JSON.parse(apply("[]", adds(LIMITS.patchOperations)))).toHaveLength(LIMITS.patchOperations);
    const error = await rejectionOf(() => parseJsonPatch(adds(LIMITS.patchOperations + 1)));
    expect(error).toMatchObject({ code: "body-too-large", data: { limit: LIMITS.patchOperations } });
  });

  test(`is a path of ${LIMITS.patchPathLength} units`, async () => {
    const remove = (length: number) => `[{"op":"remove","path":"/${"a".repeat(length - 1)}"}]`;
    expect(parseJsonPatch(remove(LIMITS.patchPathLength))).toHaveLength(1);
    const error = await rejectionOf(() => parseJsonPatch(remove(LIMITS.patchPathLength + 1)));
    expect(error).toMatchObject({ code: "invalid-json", data: { operation: 0 } });
  });

  test("is a value 200000 deep, down to where the longest path leads", () => {
    const depth = 200_000;
    const document = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const path = "/0".repeat(LIMITS.patchPathLength / 2);
    expect(apply(document, `[{"op":"replace","path":"${path}","value":1.0}]`)).toBe(
      `${"[".repeat(path.length / 2)}1.0${"]".repeat(path.length / 2)}`,
    );
    expect(apply(document, `[{"op":"test","path":"","value":${document}}]`)).toBe(document);
  });
});

describe("parseJsonPatch", () => {
  test("of every operation gives its parts, and nothing of other members", () => {
    const path = { text: "/a~1b/0", tokens: ["a/b", "0"] };
    const from = { text: "", tokens: [] };
    expect(
      parseJsonPatch(
        '[{"op":"add","path":"/a~1b/0","value": { "x" : 1.0 } ,"from":1},{"value":null,"path":"","op":"test"},{"op":"copy","from":"","path":"/a~1b/0","value":1},{"op":"\\u0072emove","path":"","x":1}]',
      ),
    ).toEqual([
      { op: "add", path, value: '{ "x" : 1.0 }' },
      { op: "test", path: from, value: "null" },
      { op: "copy", path, from },
      { op: "remove", path: from },
    ]);
  });

  test.each(["", "[", "[{}", "{}", "null", '"[]"', '{"op":"remove","path":"/a"}'])("of %j is refused", async (text) => {
    expect(await rejectionCode(() => parseJsonPatch(text))).toBe("invalid-json");
  });

  test.each([
    "1",
    "null",
    "[]",
    "{}",
    '{"op":"spam","path":"/a","value":1}',
    '{"op":"ADD","path":"/a","value":1}',
    '{"op":"toString","path":"/a","value":1}',
    '{"op":["remove"],"path":"/a"}',
    '{"path":"/a","value":1}',
    '{"op":"remove"}',
    '{"op":"remove","path":null}',
    '{"op":"remove","path":1}',
    '{"op":"remove","path":"a"}',
    '{"op":"remove","path":"/~2"}',
    '{"op":"remove","path":"/~"}',
    '{"op":"add","path":"/a"}',
    '{"op":"replace","path":"/a"}',
    '{"op":"test","path":"/a"}',
    '{"op":"move","path":"/a"}',
    '{"op":"copy","path":"/a"}',
    '{"op":"copy","path":"/a","from":0}',
    '{"op":"copy","path":"/a","from":"b"}',
    '{"op":"add","path":"/baz","value":"qux","op":"remove"}',
    '{"op":"move","from":"/a","path":"/a/b"}',
    '{"op":"move","from":"","path":"/a"}',
  ])("of a second operation %s is refused, naming it", async (operation) => {
    const error = await rejectionOf(() => parseJsonPatch(`[{"op":"remove","path":"/a"},${operation}]`));
    expect(error).toMatchObject({ code: "invalid-json", data: { operation: 1 } });
  });

  test("says what was wrong and what is needed", async () => {
    const error = await rejectionOf(() => parseJsonPatch('[{"op":"rename","path":"/a"}]'));
    expect(error?.detail).toBe(
      'Cannot use operation 0 of the JSON Patch, counted from 0: its "op" is "rename"; use add, remove, replace, move, copy or test',
    );
  });
});
