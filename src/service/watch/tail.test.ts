import { describe, expect, test } from "bun:test";
import { toRevision } from "../../core/entry.ts";
import { parseKey } from "../../core/key.ts";
import { toCursor } from "../../store/cursor.ts";
import { ChangeTail, readAsTail } from "./tail.ts";

function tailOf({ changes, changesMax }: { readonly changes: number; readonly changesMax: number }): ChangeTail {
  const tail = new ChangeTail(toCursor("0"), changesMax);
  for (let number = 1; number <= changes; number++) tail.append(pageOf(number));
  return tail;
}

function pageOf(number: number) {
  const change = { kind: "put", key: parseKey(`k${number}`), revision: toRevision(number) } as const;
  return { changes: [{ ...change, cursor: toCursor(String(number)) }], cursor: toCursor(String(number)) };
}

describe("a tail", () => {
  test("begins at its base, empty", () => {
    const tail = tailOf({ changes: 0, changesMax: 3 });
    expect([tail.oldest, tail.end, tail.cursor, tail.find(toCursor("0"))]).toEqual([0, 0, toCursor("0"), 0]);
    expect(() => tail.at(0)).toThrow(RangeError);
  });

  test.each([2, 3, 4, 5, 6, 7, 20])(
    "of %i changes and a bound of 3 is gone on from the last three and no others",
    (changes) => {
      const tail = tailOf({ changes, changesMax: 3 });
      const oldest = Math.max(0, changes - 3);
      expect([tail.oldest, tail.end]).toEqual([oldest, changes]);
      for (let number = 0; number <= changes; number++) {
        expect(tail.find(toCursor(String(number)))).toBe(number < oldest ? null : number);
      }
      for (let position = oldest; position <= changes; position++) {
        expect(tail.cursorAt(position)).toBe(toCursor(String(position)));
      }
      expect(tail.at(oldest).key).toBe(parseKey(`k${oldest + 1}`));
      expect(tail.find(toCursor("99"))).toBe(null);
    },
  );

  test("takes the page's cursor for a last change that has none", () => {
    const tail = tailOf({ changes: 0, changesMax: 3 });
    const { changes, cursor } = pageOf(1);
    tail.append({ changes: changes.map((change) => ({ ...change, cursor: null })), cursor });
    expect([tail.find(cursor), tail.cursorAt(1)]).toEqual([1, cursor]);
  });

  test("is joined where it ends, also where a page without changes has moved that", () => {
    const tail = tailOf({ changes: 2, changesMax: 3 });
    tail.append({ changes: [], cursor: toCursor("2b") });
    expect([tail.end, tail.find(toCursor("2b")), tail.find(toCursor("2")), tail.cursorAt(2)]).toEqual([
      2,
      2,
      2,
      toCursor("2b"),
    ]);
    tail.append(pageOf(3));
    expect([tail.find(toCursor("2b")), tail.find(toCursor("3")), tail.cursorAt(3)]).toEqual([null, 3, toCursor("3")]);
  });

  test("that has skipped changes has a gap before which nobody goes on", () => {
    const tail = tailOf({ changes: 2, changesMax: 3 });
    tail.skipTo(toCursor("9"));
    expect([tail.isBeforeGap(2), tail.isBeforeGap(3), tail.oldest, tail.end]).toEqual([true, false, 3, 3]);
    expect([tail.find(toCursor("2")), tail.find(toCursor("9"))]).toEqual([null, 3]);
  });

  test("of one page begins at 0, and knows no place within where the changes have no cursors", () => {
    const pages = [1, 2, 3].flatMap((number) => pageOf(number).changes);
    const tail = readAsTail({ changes: pages.map((change) => ({ ...change, cursor: null })), cursor: toCursor("3") });
    expect([tail.oldest, tail.end, tail.at(0).key]).toEqual([0, 3, parseKey("k1")]);
    expect([1, 2, 3].map((position) => tail.cursorAt(position))).toEqual([null, null, toCursor("3")]);
    expect(readAsTail({ changes: [], cursor: toCursor("3") }).end).toBe(0);
  });
});
