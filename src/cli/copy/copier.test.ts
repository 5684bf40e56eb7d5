// Tests of copier.ts and follower.ts: batches within one partition, few under way, places that are true, tries that end.
import { describe, expect, test } from "bun:test";
import { entryOf, makeFakeSide } from "../../../test/support/fake-side.ts";
import { toRevision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { parseKey } from "../../core/key.ts";
import { toCursor } from "../../store/cursor.ts";
import { type CopyTerms, copyEntries, NOTHING_COPIED } from "./copier.ts";
import { catchUp } from "./follower.ts";
import type { ChangeLog } from "./side.ts";

const TERMS: CopyTerms = { policy: "replace", after: null, counts: NOTHING_COPIED, onPlace: () => {}, pause: () => {} };
const MANY = Array.from({ length: 9001 }, (_, index) =>
  entryOf("k".repeat(1 + (index % 7)) + String(index).padStart(5, "0"), "v"),
);

describe("a copy", () => {
  test("puts batches of one partition each, of at most 500, and at most 8 at once", async () => {
    const target = makeFakeSide("target", [], { partitions: 4 });
    const counts = await copyEntries(makeFakeSide("source", MANY, { pageEntries: 700 }), target, TERMS);
    expect(counts).toEqual({ imported: 9001, skipped: 0, expired: 0, bytes: 9001 });
    expect(target.held.size).toBe(9001);
    for (const keys of target.puts) {
      expect(new Set(keys.map((key) => target.partitionOf(key))).size).toBe(1);
      expect(keys.length).toBeLessThanOrEqual(500);
    }
    expect(target.inFlightMax()).toBe(8);
  });

  test("tells a place only once everything up to it has been put", async () => {
    const target = makeFakeSide("target", [], { partitions: 4 });
    const places: number[] = [];
    await copyEntries(makeFakeSide("source", MANY, { pageEntries: 700 }), target, {
      ...TERMS,
      onPlace({ after, counts }) {
        const upTo = [...MANY.map(({ key }) => key)].sort().filter((key) => key <= after);
        expect(upTo.every((key) => target.held.has(key))).toBe(true);
        expect(counts.imported).toBe(upTo.length);
        places.push(upTo.length);
      },
    });
    expect(places).toEqual([4000, 8000, 9001]);
  });

  test("goes on behind a place, with what has been counted", async () => {
    const source = makeFakeSide(
      "source",
      ["a", "b", "c"].map((key) => entryOf(key, "1")),
    );
    const target = makeFakeSide("target", []);
    const counts = { imported: 2, skipped: 1, expired: 0, bytes: 2 };
    expect(await copyEntries(source, target, { ...TERMS, after: parseKey("b"), counts })).toEqual({
      imported: 3,
      skipped: 1,
      expired: 0,
      bytes: 3,
    });
    expect([...target.held.keys()]).toEqual([parseKey("c")]);
  });

  test("divides what is more than a commit takes of bytes", async () => {
    const large = "x".repeat(5 * 1024 * 1024);
    const source = makeFakeSide(
      "source",
      ["a", "b", "c"].map((key) => entryOf(key, large)),
    );
    const target = makeFakeSide("target", []);
    await copyEntries(source, target, TERMS);
    expect(target.puts.map((keys) => keys.length)).toEqual([1, 1, 1]);
  });
});

describe("a put that fails", () => {
  const away = (code: "busy" | "unavailable" | "outcome-unknown" | "no-room") => new KeyholdError(code, "Away");
  const source = makeFakeSide("source", [entryOf("a", "1")]);
  test("because the target was busy or away is tried again", async () => {
    const target = makeFakeSide("target", []);
    target.failPuts([away("busy"), away("unavailable"), away("outcome-unknown"), away("busy")]);
    expect((await copyEntries(source, target, TERMS)).imported).toBe(1);
    expect(target.puts.length).toBe(5);
  });
  test("five times ends the copy", async () => {
    const target = makeFakeSide("target", []);
    target.failPuts(Array.from({ length: 5 }, () => away("unavailable")));
    expect(copyEntries(source, target, TERMS)).rejects.toThrow("Away");
  });
  test.each([
    ["replace", "no-room"],
    ["fail", "busy"],
  ] as const)("under %s by %s is not tried again", async (policy, code) => {
    const target = makeFakeSide("target", []);
    target.failPuts([away(code)]);
    expect(await copyEntries(source, target, { ...TERMS, policy }).catch(String)).toContain("Away");
    expect(target.puts.length).toBe(1);
  });
  test("tells no place, and nothing is under way when it is told", async () => {
    const target = makeFakeSide("target", [], { partitions: 7 });
    target.failPuts([away("no-room")]);
    const onPlace = () => {
      throw new Error("A place was told");
    };
    expect(await copyEntries(makeFakeSide("source", MANY), target, { ...TERMS, onPlace }).catch(String)).toContain(
      "Away",
    );
    const puts = target.puts.length;
    await new Promise(setImmediate);
    expect(target.puts.length).toBe(puts);
  });
});

test("a value that the target does not take is named, and nothing of its window is put", async () => {
  const target = makeFakeSide("target", [], { valueBytesMax: 3 });
  const source = makeFakeSide("source", [entryOf("a", "123"), entryOf("b", "1234")]);
  expect(copyEntries(source, target, TERMS)).rejects.toThrow('Cannot copy "b": it has 4 bytes');
  expect(target.puts).toEqual([]);
});

describe("catching up", () => {
  const logOf = (isIncomplete: boolean): ChangeLog => ({
    latestCursor: async () => toCursor("9"),
    changes: async (after) => ({
      changes: (after === "0" ? ["a", "b"] : ["b", "c", "gone"]).map((key) => ({
        kind: "put",
        key: parseKey(key),
        revision: toRevision(1),
        cursor: null,
      })),
      cursor: toCursor(after === "0" ? "5" : "9"),
      hasMore: after === "0",
      isIncomplete,
    }),
  });
  const entries = [entryOf("a", "1"), entryOf("b", "new"), entryOf("c", "3")];
  test("puts what stands now and deletes what does not, page by page", async () => {
    const target = makeFakeSide("target", [entryOf("gone", "1"), entryOf("b", "old"), entryOf("kept", "1")]);
    const source = { ...makeFakeSide("source", entries), log: logOf(false) };
    const places: string[] = [];
    const terms = { from: toCursor("0"), onPlace: (cursor: string) => places.push(cursor), pause: () => {} };
    expect(await catchUp(source, target, terms)).toEqual({ changes: 5, cursor: toCursor("9") });
    expect(places).toEqual(["5", "9"]);
    const held = [...target.held.values()].map(({ key, value }) => `${key}=${new TextDecoder().decode(value)}`);
    expect(held.sort()).toEqual(["a=1", "b=new", "c=3", "kept=1"]);
  });
  test("ends where the log no longer holds everything", async () => {
    const source = { ...makeFakeSide("source", entries), log: logOf(true) };
    const terms = { from: toCursor("0"), onPlace: () => {}, pause: () => {} };
    expect(catchUp(source, makeFakeSide("target", []), terms)).rejects.toThrow("its change log no longer holds");
  });
});
