// Tests of compare.ts: what counts as a difference, and what has only ended or been written between two readings.
import { describe, expect, test } from "bun:test";
import { entryOf, type FakeSide, makeFakeSide } from "../../../test/support/fake-side.ts";
import { compare } from "./compare.ts";
import type { CopiedEntry } from "./side.ts";

const TERMS = { passesOverExtra: false, onProgress: () => {}, pause: () => {} };
const KEYS = ["a", "b", "ä", "\ue000", "\uffee", "🂡", "🂢"];
const ENTRIES = KEYS.map((key, index) => entryOf(key, `${index}`));

function sides(
  source: readonly CopiedEntry[],
  target: readonly CopiedEntry[],
): { readonly source: FakeSide; readonly target: FakeSide } {
  return { source: makeFakeSide("source", source), target: makeFakeSide("target", target, { pageEntries: 2 }) };
}

function differences(source: readonly CopiedEntry[], target: readonly CopiedEntry[], terms = TERMS) {
  const both = sides(source, target);
  return compare(both.source, both.target, terms);
}

describe("two sides that hold the same", () => {
  test("have the same checksum, whatever their pages are", async () => {
    const found = await differences(ENTRIES, ENTRIES.toReversed());
    expect(found.source).toEqual(found.target);
    expect(found).toMatchObject({ source: { entries: 7, bytes: 7 }, differences: NONE, shown: [], settled: 0 });
  });
  test("or nothing, are the same", async () => {
    expect(await differences([], [])).toMatchObject({ source: { entries: 0 }, differences: NONE });
  });
});

const NONE = { missing: 0, extra: 0, different: 0 };

describe("a difference", () => {
  const [first] = ENTRIES;
  if (first === undefined) throw new Error("There are no entries");
  const others = ENTRIES.slice(1);
  test.each([
    ["missing", ENTRIES, others],
    ["missing", ENTRIES, []],
    ["extra", others, ENTRIES],
    ["different", ENTRIES, [entryOf("a", "other"), ...others]],
    ["different", ENTRIES, [{ ...first, contentType: "text/html" }, ...others]],
    ["different", ENTRIES, [entryOf("a", "0", 5000), ...others]],
    ["different", [entryOf("a", "0", 5001), ...others], [entryOf("a", "0", 5000), ...others]],
  ] as const)("is told as %s, and in the checksum", async (kind, source, target) => {
    const found = await differences(source, target);
    const count = Math.abs(source.length - target.length) || 1;
    expect(found.differences).toEqual({ ...NONE, [kind]: count });
    expect(found.shown[0]).toMatchObject({ kind, key: "a" });
    expect(found.source.sha256).not.toBe(found.target.sha256);
  });
  test("is shown ten times at most", async () => {
    const many = Array.from({ length: 2500 }, (_, index) => entryOf(`k${index}`, ""));
    const found = await differences(many, []);
    expect([found.differences.missing, found.shown.length]).toEqual([2500, 10]);
  });
  test("is none where the target held more before", async () => {
    const found = await differences(others, ENTRIES, { ...TERMS, passesOverExtra: true });
    expect(found).toMatchObject({ differences: NONE, source: { entries: 6 }, target: { entries: 6 } });
    expect(found.source.sha256).toBe(found.target.sha256);
  });
});

describe("what is different at first", () => {
  test("and has ended on one side by the clock of the other is none", async () => {
    const { source, target } = sides(
      [entryOf("a", "1", 2000), entryOf("b", "")],
      [entryOf("a", "1", 2000), entryOf("b", "")],
    );
    target.setNow(2000);
    const found = await compare(source, target, TERMS);
    expect(found).toMatchObject({ differences: NONE, settled: 1, source: { entries: 1 }, target: { entries: 1 } });
  });
  test("and is still there a millisecond before its end is one", async () => {
    const { source, target } = sides([entryOf("a", "1", 2000)], []);
    target.setNow(1999);
    expect((await compare(source, target, TERMS)).differences.missing).toBe(1);
  });
  test("and is the same when it is read again has settled, and counts with what it is", async () => {
    const { source, target } = sides([entryOf("a", "old")], [entryOf("a", "new")]);
    const read = source.read;
    const late = {
      ...source,
      read: (keys: Parameters<typeof read>[0]) => {
        source.held.set(entryOf("a", "new").key, entryOf("a", "new"));
        return read(keys);
      },
    };
    const found = await compare(late, target, TERMS);
    expect(found).toMatchObject({ differences: NONE, settled: 1, source: { entries: 1, bytes: 3 } });
    expect(found.source.sha256).toBe(found.target.sha256);
  });
});

test("a comparison is ended by its pause", async () => {
  const { source, target } = sides(ENTRIES, ENTRIES);
  const pause = () => {
    throw new Error("stopped");
  };
  expect(compare(source, target, { ...TERMS, pause })).rejects.toThrow("stopped");
});
