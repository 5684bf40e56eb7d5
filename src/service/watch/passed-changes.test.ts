// Changes that are read a second time are known again, as many of each key as were passed, and no more.
import { expect, test } from "bun:test";
import { toRevision } from "../../core/entry.ts";
import { parseKey } from "../../core/key.ts";
import { toCursor } from "../../store/cursor.ts";
import { PassedChanges } from "./passed-changes.ts";

function change(name: string, cursor: string | null = null) {
  return {
    kind: "put",
    key: parseKey(name),
    revision: toRevision(1),
    cursor: cursor === null ? null : toCursor(cursor),
  } as const;
}

function passAll(passed: PassedChanges, names: readonly string[]): readonly boolean[] {
  return names.map((name) => passed.pass(change(name)));
}

test("what was passed since the last place is known when it is met again, in whatever order of keys", () => {
  const passed = new PassedChanges();
  expect(passAll(passed, ["a", "b", "a"])).toEqual([false, false, false]);
  passed.goBack();
  expect(passAll(passed, ["b", "a", "b", "a", "a"])).toEqual([true, true, false, true, false]);
});

test("what was passed before a place is not, whether the place is a change's own or that of a page", () => {
  const passed = new PassedChanges();
  passAll(passed, ["a"]);
  passed.pass(change("b", "1"));
  passAll(passed, ["c"]);
  passed.goBack();
  expect(passAll(passed, ["a", "b", "c"])).toEqual([false, false, true]);
  passed.arrive();
  passed.goBack();
  expect(passAll(passed, ["a"])).toEqual([false]);
});

test("what is still to be met when the reading goes back once more is not lost", () => {
  const passed = new PassedChanges();
  passAll(passed, ["a", "b", "b"]);
  passed.goBack();
  passAll(passed, ["b"]);
  passed.goBack();
  expect(passAll(passed, ["b", "b", "a", "b", "a"])).toEqual([true, true, true, false, false]);
});

test("nothing is known once it is forgotten", () => {
  const passed = new PassedChanges();
  passAll(passed, ["a"]);
  passed.goBack();
  passAll(passed, ["b"]);
  passed.forget();
  passed.goBack();
  expect(passAll(passed, ["a", "b"])).toEqual([false, false]);
});
