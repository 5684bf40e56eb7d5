// What the marks of a store say of a key: that nothing has been committed to it, or that something may have been.
import { describe, expect, test } from "bun:test";
import { type Key, parseKey } from "../core/key.ts";
import { makeMarksMemory, WriteMarker, WriteMarks } from "./write-marks.ts";

describe("what was read of a key", () => {
  test("stands while others are written", () => {
    const { marks, marker } = makeBoth();
    const stamp = stampOf(marks, "a");
    commit(marker, () => marker.add(keyOf("b")));
    expect(marks.stands(stamp)).toBe(true);
  });

  test("does not stand from the beginning of a commit that writes it, and no other can be taken until its end", () => {
    const { marks, marker } = makeBoth();
    const stamp = stampOf(marks, "a");
    commit(marker, () => {
      marker.add(keyOf("a"));
      // Written twice in one commit, as several requests share one.
      marker.add(keyOf("a"));
      expect([marks.stands(stamp), marks.take(keyOf("a"))]).toEqual([false, null]);
    });
    expect(marks.stands(stamp)).toBe(false);
    expect(marks.stands(stampOf(marks, "a"))).toBe(true);
  });

  test("does not stand from the beginning of a commit that writes any key", () => {
    const { marks, marker } = makeBoth();
    const stamp = stampOf(marks, "a");
    commit(marker, () => {
      marker.addEvery();
      expect([marks.stands(stamp), marks.take(keyOf("b"))]).toEqual([false, null]);
    });
    expect([marks.stands(stamp), marks.stands(stampOf(marks, "b"))]).toEqual([false, true]);
  });

  test("is known to every thread that shares the memory, also where the counters of two keys are written in one commit", () => {
    const memory = makeMarksMemory();
    const [marks, marker] = [new WriteMarks(memory), new WriteMarker(memory)];
    const names = Array.from({ length: 5000 }, (_, index) => `key${index}`);
    const stamps = names.map((name) => stampOf(marks, name));
    commit(marker, () => {
      for (const name of names) marker.add(keyOf(name));
      expect(names.every((name) => marks.take(keyOf(name)) === null)).toBe(true);
    });
    expect(stamps.some((stamp) => new WriteMarks(memory).stands(stamp))).toBe(false);
  });
});

test("the counter of commits is odd while one is under way, and another after each", () => {
  const { marks, marker } = makeBoth();
  const seen = [marks.commits];
  for (let count = 0; count < 2; count++) {
    commit(marker, () => seen.push(marks.commits));
    seen.push(marks.commits);
  }
  expect(seen.map((value) => value & 1)).toEqual([0, 1, 0, 1, 0]);
  expect(new Set(seen).size).toBe(seen.length);
});

function makeBoth() {
  const memory = makeMarksMemory();
  return { marks: new WriteMarks(memory), marker: new WriteMarker(memory) };
}

function commit(marker: WriteMarker, during: () => void): void {
  marker.begin();
  during();
  marker.end();
}

function stampOf(marks: WriteMarks, name: string): number {
  const stamp = marks.take(keyOf(name));
  if (stamp === null) throw new Error("The key is being written");
  return stamp;
}

function keyOf(name: string): Key {
  return parseKey(name);
}
