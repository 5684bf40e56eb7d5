import { expect, test } from "bun:test";
import { toRevision } from "../../core/entry.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { parseKey } from "../../core/key.ts";
import { ChangeBatch } from "./batch.ts";

const change = { kind: "put", key: parseKey("a"), revision: toRevision(1), cursor: null } as const;
const entry = { key: change.key, revision: change.revision, expiresAt: null, text: "1" };

test("a batch may be sent until the instant at which one of its entries ends, and not at it", () => {
  const ends = [30, 20, null].map((at) => ({ ...entry, expiresAt: at === null ? null : toEpochMs(at) }));
  const batch = new ChangeBatch(ends.map((each) => ({ change, entry: each })));
  expect([19, 20].map((now) => batch.isCurrent(toEpochMs(now)))).toEqual([true, false]);
  expect(new ChangeBatch([{ change, entry: null }]).isCurrent(toEpochMs(99))).toBe(true);
});
