// Merge patches: the examples of RFC 7396, and what they leave as it was.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { mergePatch } from "./json-merge-patch.ts";
import { parseJsonObject } from "./json-object.ts";

/** A failure prints its seed; SEED= runs that one again. */
const RUNS = {
  numRuns: 1000,
  ...(process.env["SEED"] !== undefined && { seed: Number(process.env["SEED"]) }),
};

const NAME = fc.constantFrom("a", "b", "__proto__", "10", "2", "constructor", "");
const TEXT = fc.constantFrom("1.0", "106242075399214372653", "-0", "[ null ]", '{ "a" : [1E400] }', '"\\u0061"', "{}");

type Model = null | boolean | number | string | readonly Model[] | { readonly [name: string]: Model };

const { value: VALUE } = fc.letrec<{ value: Model }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Model>(null, true, 0, 1, "a"),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), { maxKeys: 4 }),
  ),
}));

describe("mergePatch", () => {
  // RFC 7396, Appendix A.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("of %s with %s is %s, as the RFC says", (target, patch, result) => {
    expect(mergePatch(target, patch)).toBe(result);
  });

  test("of the example in RFC 7396 §3 is what stands there", () => {
    const target = `{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}`;
    const patch = `{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}`;
    expect(mergePatch(target, patch)).toBe(
      `{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}`,
    );
  });

  test.each([
    [' { "a" : 1.0 }\n', "{}"],
    ['{ "a": {"b": 1} }', '{"a":{"c":null},"d":null}'],
    [" {\n} ", '{"__proto__":null}'],
  ])("of %j with %s, which changes nothing, is the target to the letter", (target, patch) => {
    expect(mergePatch(target, patch)).toBe(target);
  });

  test.each([
    ['{"a":1}', '{"a":1}'],
    [' {"a":{"b":null,"c":[null]}} ', '{"a":{"c":[null]}}'],
    ["{ }", "{}"],
    [" [ null ] ", "[ null ]"],
    ["null", "null"],
  ])("of no value with %j is %s", (patch, result) => {
    expect(mergePatch(null, patch)).toBe(result);
  });

  test.each([
    ['{"10":1,"b":2,"2":3}', '{"1":4,"b":5}', '{"10":1,"b":5,"2":3,"1":4}'],
    ['{"__proto__":{"x":1.0},"b":1}', '{"__proto__":{"y":1}}', '{"__proto__":{"x":1.0,"y":1},"b":1}'],
    ["{}", '{"__proto__":{"y":1},"constructor":1e400,"toString":null}', '{"__proto__":{"y":1},"constructor":1e400}'],
    ['{"\\u0061":1,"x":{ "y" : 1.0 }}', '{"a":-0}', '{"\\u0061":-0,"x":{ "y" : 1.0 }}'],
    ['{"a":1,"a":2,"b":3}', '{"b":null}', '{"a":2}'],
  ])("of %s with %s is %s: names and numbers keep their text and place", (target, patch, result) => {
    expect(mergePatch(target, patch)).toBe(result);
  });

  test.each([
    "",
    "{",
    '{"a":1,}',
    "{} {}",
    '{"a":1,"\\u0061":null}',
    '{"b":{"a":1,"a":1}}',
    '{"b":{"c":{"a":1,"a":1}}}',
  ])("with %j is refused", async (patch) => {
    const error = await rejectionOf(() => mergePatch('{"b":{}}', patch));
    expect(error?.code).toBe("invalid-json");
  });

  test("gives what the algorithm of RFC 7396 §2 gives on plain values", () => {
    fc.assert(
      fc.property(VALUE, VALUE, (target, patch) => {
        const result: unknown = JSON.parse(mergePatch(JSON.stringify(target), JSON.stringify(patch)));
        expect(result).toEqual(mergeModel(target, patch));
      }),
      RUNS,
    );
  });

  test("leaves the text and order of all members that the patch does not name", () => {
    const members = fc.uniqueArray(fc.tuple(NAME, TEXT), { selector: ([name]) => name });
    fc.assert(
      fc.property(members, members, (before, changes) => {
        const named = new Set(changes.map(([name]) => name));
        const patch = changes.map(([name]) => `${JSON.stringify(name)}: null`).join(",");
        const target = before.map(([name, text]) => `${JSON.stringify(name)} : ${text}`).join(" , ");
        const after = parseJsonObject(mergePatch(`{${target}}`, `{${patch}}`));
        expect(after.map(({ name, text }) => [name, text])).toEqual(before.filter(([name]) => !named.has(name)));
      }),
      RUNS,
    );
  });

  test("of values nested 100000 deep neither fails nor takes long", () => {
    const nested = (inner: string) => `${'{"a":'.repeat(100_000)}${inner}${"}".repeat(100_000)}`;
    expect(mergePatch(nested("1"), nested("2"))).toBe(nested("2"));
    expect(mergePatch(nested('{"b":1.0}'), nested('{"c":null}'))).toBe(nested('{"b":1.0}'));
    expect(mergePatch(null, nested("null"))).toBe(`${'{"a":'.repeat(99_999)}{}${"}".repeat(99_999)}`);
  });
});

/** RFC 7396 §2, as it stands there. */
function mergeModel(target: Model | undefined, patch: Model): Model {
  if (!isModelObject(patch)) return patch;
  const result = new Map(isModelObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, mergeModel(result.get(name), value));
  }
  return Object.fromEntries(result);
}

function isModelObject(value: Model | undefined): value is { readonly [name: string]: Model } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
