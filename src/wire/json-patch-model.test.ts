// JSON patches compared with a model that works on plain JavaScript values, over random values and operations.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { parseJsonObject } from "./json-object.ts";
import { applyJsonPatch, parseJsonPatch } from "./json-patch.ts";

/** A failure prints its seed; SEED= runs that one again. */
const RUNS = {
  numRuns: 2000,
  ...(process.env["SEED"] !== undefined && { seed: Number(process.env["SEED"]) }),
};

const LIMITS = { maxBytes: 1024 * 1024 };

type Model = null | boolean | number | string | Model[] | Map<string, Model>;

interface Operation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: Model;
}

const NAME = fc.constantFrom("a", "b", "0", "1", "~", "/", "__proto__", "-", "");

const { value: VALUE } = fc.letrec<{ value: Model }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.constantFrom<Model>(null, true, 0, 1, "a"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .uniqueArray(fc.tuple(NAME, tie("value")), { maxLength: 3, selector: ([name]) => name })
      .map((members): Model => new Map(members)),
  ),
}));

const PATH = fc.array(NAME, { maxLength: 2 });
const OPERATION: fc.Arbitrary<Operation> = fc.record({
  op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
  path: PATH,
  from: PATH,
  value: VALUE,
});

test("a patch gives the text that the model gives, or fails where the model does", async () => {
  const seen = { applied: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(VALUE, fc.array(OPERATION, { maxLength: 3 }), async (document, operations) => {
      const patch = `[${operations.map(operationText).join(",")}]`;
      const expected = applyModel(structuredClone(document), operations);
      const run = () => applyJsonPatch(textOf(document), parseJsonPatch(patch), LIMITS);
      if (expected === undefined) expect(await rejectionCode(run)).toBeOneOf(["patch-failed", "invalid-json"]);
      else expect(run()).toBe(textOf(expected));
      seen[expected === undefined ? "refused" : "applied"]++;
    }),
    RUNS,
  );
  expect(Math.min(seen.applied, seen.refused)).toBeGreaterThan(RUNS.numRuns / 10);
});

test("a patch leaves the text and order of all members that it does not name", () => {
  const text = fc.constantFrom("1.0", "106242075399214372653", "-0", "[ 1E400 ]", '{ "a" : [] }', '"\\u0061"');
  const members = fc.uniqueArray(fc.tuple(NAME, text), { minLength: 1, maxLength: 8, selector: ([name]) => name });
  fc.assert(
    fc.property(members, fc.nat(), text, (before, pick, added) => {
      const index = pick % before.length;
      const [name = ""] = before[index] ?? [];
      const document = `{${before.map(([each, value]) => ` ${JSON.stringify(each)} : ${value} `).join(",")}}`;
      const [path, fresh] = [JSON.stringify(pointerTo([name])), '"/new"'];
      const patch = `[{"op":"add","path":${fresh},"value":${added}},{"op":"remove","path":${path}}]`;
      const after = parseJsonObject(applyJsonPatch(document, parseJsonPatch(patch), LIMITS));
      expect(after.map((each) => [each.name, each.text])).toEqual([...before.toSpliced(index, 1), ["new", added]]);
    }),
    RUNS,
  );
});

/** RFC 6902 §4 in its own words; undefined when an operation cannot be applied. */
function applyModel(document: Model, operations: readonly Operation[]): Model | undefined {
  // The value is the member of a map, so that the whole of it has a parent too.
  const root = new Map<string, Model>([["", document]]);
  for (const { op, path, from, value } of operations) {
    const source = find(root, from);
    switch (op) {
      case "add":
        if (!addTo(root, path, structuredClone(value))) return undefined;
        break;
      case "remove":
        if (path.length === 0 || !removeFrom(root, path)) return undefined;
        break;
      case "replace":
        if (find(root, path) === undefined || !replaceIn(root, path, structuredClone(value))) return undefined;
        break;
      case "move": {
        const isInside = path.length > from.length && from.every((token, index) => token === path[index]);
        if (source === undefined || isInside) return undefined;
        if (textOf([...path]) === textOf([...from])) break;
        if (from.length > 0 && !removeFrom(root, from)) return undefined;
        if (!addTo(root, path, source)) return undefined;
        break;
      }
      case "copy":
        if (source === undefined || !addTo(root, path, structuredClone(source))) return undefined;
        break;
      case "test": {
        const found = find(root, path);
        if (found === undefined || !Bun.deepEquals(found, value, true)) return undefined;
        break;
      }
      default:
        op satisfies never;
    }
  }
  return root.get("");
}

function find(root: Map<string, Model>, path: readonly string[]): Model | undefined {
  let found: Model | undefined = root;
  for (const token of ["", ...path]) {
    if (Array.isArray(found)) found = /^\d$/.test(token) ? found[Number(token)] : undefined;
    else found = found instanceof Map ? found.get(token) : undefined;
  }
  return found;
}

function parentOf(root: Map<string, Model>, path: readonly string[]): { parent: Model | undefined; token: string } {
  const token = path.at(-1);
  return token === undefined ? { parent: root, token: "" } : { parent: find(root, path.slice(0, -1)), token };
}

function addTo(root: Map<string, Model>, path: readonly string[], value: Model): boolean {
  const { parent, token } = parentOf(root, path);
  if (parent instanceof Map) return parent.set(token, value).has(token);
  if (!Array.isArray(parent)) return false;
  const index = token === "-" ? parent.length : /^\d$/.test(token) ? Number(token) : Number.NaN;
  if (!(index <= parent.length)) return false;
  parent.splice(index, 0, value);
  return true;
}

function replaceIn(root: Map<string, Model>, path: readonly string[], value: Model): boolean {
  const { parent, token } = parentOf(root, path);
  if (Array.isArray(parent)) parent[Number(token)] = value;
  else if (parent instanceof Map) parent.set(token, value);
  return true;
}

function removeFrom(root: Map<string, Model>, path: readonly string[]): boolean {
  const { parent, token } = parentOf(root, path);
  if (find(root, path) === undefined) return false;
  return Array.isArray(parent)
    ? parent.splice(Number(token), 1).length === 1
    : parent instanceof Map && parent.delete(token);
}

function operationText({ op, path, from, value }: Operation): string {
  return `{"op":"${op}","path":${JSON.stringify(pointerTo(path))},"from":${JSON.stringify(pointerTo(from))},"value":${textOf(value)}}`;
}

function pointerTo(path: readonly string[]): string {
  return path.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function textOf(value: Model): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([name, each]) => `${JSON.stringify(name)}:${textOf(each)}`).join(",")}}`;
}
