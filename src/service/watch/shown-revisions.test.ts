import { expect, test } from "bun:test";
import { toRevision } from "../../core/entry.ts";
import { parseKey } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { ShownRevisions } from "./shown-revisions.ts";

const FLOOR = toRevision(5);

function change(kind: "put" | "delete" | "touch", name: string, revision: number) {
  return { kind, key: parseKey(name), revision: toRevision(revision) };
}

test("a change that the snapshot has shown, or something later of its key, is hidden; others are not", () => {
  const shown = new ShownRevisions({ floor: FLOOR, order: "store" });
  shown.add(change("put", "a", 8));
  expect(shown.hides(change("put", "a", 6))).toBe(true);
  expect(shown.hides(change("delete", "a", 7))).toBe(true);
  expect(shown.hides(change("put", "b", 7))).toBe(false);
  expect(shown.hides(change("put", "a", 8))).toBe(true);
  expect(shown.hides(change("delete", "a", 9))).toBe(false);
});

test("a touch of the state that was shown is not hidden, as its expiry was not", () => {
  const shown = new ShownRevisions({ floor: FLOOR, order: "store" });
  shown.add(change("put", "a", 8));
  expect([shown.hides(change("touch", "a", 7)), shown.hides(change("touch", "a", 8))]).toEqual([true, false]);
});

test("where the revisions of two keys have no common order, a high one of the one does not tell of the other", () => {
  for (const order of ["store", "partition"] as const) {
    const shown = new ShownRevisions({ floor: FLOOR, order });
    shown.add(change("put", "a", 8));
    expect(shown.hides(change("put", "b", 9))).toBe(false);
    expect(shown.hides(change("put", "a", 8))).toBe(order === "partition");
    expect(shown.hides(change("put", "a", 9))).toBe(false);
  }
});

test("only what is above the floor is remembered, and up to the bound; beyond it nothing is hidden any more", () => {
  const shown = new ShownRevisions({ floor: FLOOR, order: "store" });
  for (let number = 0; number < LIMITS.watchShownKeys; number++) shown.add(change("put", `k${number}`, 8));
  for (let number = 0; number < LIMITS.watchShownKeys; number++) shown.add(change("put", `old${number}`, 5));
  expect(shown.hides(change("put", "k0", 6))).toBe(true);
  shown.add(change("put", "more", 8));
  shown.add(change("put", "and", 8));
  expect(["k0", "more", "and"].map((name) => shown.hides(change("put", name, 6)))).toEqual([false, false, false]);
});
