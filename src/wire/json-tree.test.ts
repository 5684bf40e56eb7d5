// Texts that become trees and texts again.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { itemNodes, type JsonNode, memberNodes, readJsonTree, stringOf, writeJsonTree } from "./json-tree.ts";

/** A failure prints its seed; SEED= runs that one again. */
const RUNS = {
  numRuns: 1000,
  ...(process.env["SEED"] !== undefined && { seed: Number(process.env["SEED"]) }),
};

const SPACE = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
const STRING_PART = fc.constantFrom("a", '\\"', "\\\\", "\\u0041", "\\ud800", "{", "}", "[", "]", ",", ":", " ", "😀");
const STRING = fc.array(STRING_PART, { maxLength: 4 }).map((parts) => `"${parts.join("")}"`);
const NUMBER = fc.constantFrom("0", "-0", "1.0", "1E400", "106242075399214372653", "0.1e-999");
const NAME = fc.oneof(STRING, fc.constantFrom('"__proto__"', '"10"', '"2"', '""'));

/** JSON texts with odd spacing, numbers, strings and distinct names. */
const { json: JSON_TEXT } = fc.letrec<{ json: string }>((tie) => ({
  json: fc
    .tuple(
      SPACE,
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.oneof(NUMBER, STRING, fc.constantFrom("true", "false", "null", "{}", "[ ]")),
        fc.array(tie("json"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
        fc
          .uniqueArray(fc.tuple(NAME, SPACE, tie("json")), { maxLength: 4, selector: ([name]) => JSON.parse(name) })
          .map((members) => `{${members.map(([name, space, json]) => `${space}${name}${space}:${json}`).join(",")}}`),
      ),
      SPACE,
    )
    .map((parts) => parts.join("")),
}));

describe("a tree", () => {
  test("that nobody changed is written as it was read", () => {
    fc.assert(
      fc.property(JSON_TEXT, (text) => {
        const root = readJsonTree(text);
        visitAll(root, () => {});
        expect(writeJsonTree(root)).toBe(text.trim());
      }),
      RUNS,
    );
  });

  test("of which all was changed keeps every number, string, name and their order", () => {
    fc.assert(
      fc.property(JSON_TEXT, (text) => {
        const root = readJsonTree(text);
        visitAll(root, (node) => {
          if (typeof node !== "string") node.isChanged = true;
        });
        expect(writeJsonTree(root)).toBe(withoutSpace(text));
      }),
      RUNS,
    );
  });

  test("is written, where it was changed, without white space, and elsewhere as it was", () => {
    const root = readJsonTree(' { "b" : [ 1.0 ] , "10":{ "\\u0061" : 2 },"c": 3 } ');
    if (typeof root === "string" || root.kind !== "object") throw new Error("no object");
    root.isChanged = true;
    memberNodes(root).delete("c");
    expect(writeJsonTree(root)).toBe('{"b":[ 1.0 ],"10":{ "\\u0061" : 2 }}');
  });

  test("names what stands twice, and has its last value at its first place", () => {
    const root = readJsonTree('{"a":1,"b":2,"\\u0061":3}');
    if (typeof root === "string" || root.kind !== "object") throw new Error("no object");
    expect([...memberNodes(root)].map(([name, { value }]) => [name, value])).toEqual([
      ["a", "3"],
      ["b", "2"],
    ]);
    expect(root.repeatedName).toBe("a");
  });

  test("may be as deep as its text is long", () => {
    const text = `${"[".repeat(300_000)}1.0${"]".repeat(300_000)}`;
    const root = readJsonTree(text);
    visitAll(root, (node) => {
      if (typeof node !== "string") node.isChanged = true;
    });
    expect(writeJsonTree(root)).toBe(text);
  });
});

test.each([
  ['""', ""],
  ['"a b"', "a b"],
  ['"\\"\\\\\\u0061\\ud83d\\ude00"', '"\\a😀'],
])("stringOf %s is %j", (text, expected) => {
  expect(stringOf(text)).toBe(expected);
});

/** Looks into every node, without recursion. */
function visitAll(root: JsonNode, visit: (node: JsonNode) => void): void {
  const waiting: JsonNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    visit(node);
    if (typeof node === "string") continue;
    if (node.kind === "array") waiting.push(...itemNodes(node));
    else waiting.push(...[...memberNodes(node).values()].map(({ value }) => value));
  }
}

/** White space between tokens goes, that within strings stays. */
function withoutSpace(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|[ \t\r\n]+/g, (token) => (token.startsWith('"') ? token : ""));
}
