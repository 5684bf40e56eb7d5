// Each condition on an entry and on a free key. What engines make of them is the conformance suite's.
import { expect, test } from "bun:test";
import { ALWAYS, allHold, type Condition, holds } from "./condition.ts";
import { toRevision, toTag } from "./entry.ts";
import { toEpochMs } from "./expiry.ts";

const SECOND = 1_800_000_000_000;
const ENTRY = {
  tag: toTag("7.life1"),
  revision: toRevision(7),
  modifiedAt: toEpochMs(SECOND + 999),
  expiresAt: toEpochMs(SECOND + 5000),
};
const OTHER = toTag("8.life1");

/** Condition, whether it holds on the entry, whether on a free key. */
const ROWS: readonly [Condition, boolean, boolean][] = [
  [{ is: "absent" }, false, true],
  [{ is: "present" }, true, false],
  [{ is: "at", tags: [ENTRY.tag] }, true, false],
  [{ is: "at", tags: [OTHER, ENTRY.tag] }, true, false],
  [{ is: "at", tags: [OTHER] }, false, false],
  [{ is: "at", tags: [] }, false, false],
  [{ is: "atRevision", revision: toRevision(7) }, true, false],
  [{ is: "atRevision", revision: toRevision(6) }, false, false],
  [{ is: "notAt", tags: [ENTRY.tag] }, false, true],
  [{ is: "notAt", tags: [OTHER] }, true, true],
  [{ is: "notAt", tags: [] }, true, true],
  [{ is: "endsAt", at: toEpochMs(SECOND + 5000) }, true, false],
  [{ is: "endsAt", at: toEpochMs(SECOND + 5001) }, false, false],
  [{ is: "endsAt", at: null }, false, false],
  // HTTP dates name whole seconds: what was modified within the second named has not been modified since.
  [{ is: "unmodifiedSince", at: toEpochMs(SECOND) }, true, true],
  [{ is: "unmodifiedSince", at: toEpochMs(SECOND - 1) }, false, true],
  [{ is: "unmodifiedSince", at: toEpochMs(SECOND + 1000) }, true, true],
];

for (const [condition, onEntry, onFreeKey] of ROWS) {
  test(`${JSON.stringify(condition)} is ${onEntry} on an entry, ${onFreeKey} on a free key`, () => {
    expect([holds(condition, ENTRY), holds(condition, null)]).toEqual([onEntry, onFreeKey]);
  });
}

test("all of several conditions must hold, and none always hold", () => {
  expect(allHold(ALWAYS, null)).toBe(true);
  expect(allHold([{ is: "present" }, { is: "notAt", tags: [OTHER] }], ENTRY)).toBe(true);
  expect(allHold([{ is: "present" }, { is: "at", tags: [OTHER] }], ENTRY)).toBe(false);
});
