// Receipts as texts, there and back; a stored format, so what is written here must be read by every later version.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { type Entry, type EntryInfo, toRevision, toTag } from "../core/entry.ts";
import { toEpochMs } from "../core/expiry.ts";
import { parseKey } from "../core/key.ts";
import { formatDone, isKept, parseDone, replay } from "./receipt.ts";
import type { Done } from "./store.ts";

const INSTANT = fc.integer({ min: 0, max: 253_402_300_799_999 }).map(toEpochMs);
const REVISION = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(toRevision);
const KEY = fc
  .oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), fc.constantFrom("__proto__", "10", 'a"b', "a/b"))
  .filter((text) => !/\p{Cc}|^\.{1,2}$|^\.{1,2}\/|\/\.{1,2}$|\/\.{1,2}\//u.test(text) && text.isWellFormed())
  .map(parseKey);

const INFO: fc.Arbitrary<EntryInfo> = fc.record({
  key: KEY,
  size: fc.nat(),
  contentType: fc.constantFrom("application/json", 'text/plain; a="é"', ""),
  form: fc.constantFrom("json", "wrapped-json", "text", "bytes"),
  revision: REVISION,
  tag: fc.string({ maxLength: 20 }).map(toTag),
  createdAt: INSTANT,
  modifiedAt: INSTANT,
  expiresAt: fc.option(INSTANT),
});
const ENTRY: fc.Arbitrary<EntryInfo | Entry | null> = fc.oneof(
  fc.constant(null),
  INFO,
  fc.tuple(INFO, fc.uint8Array({ maxLength: 40 })).map(([info, value]) => ({ ...info, value })),
);
const DONE: fc.Arbitrary<Done> = fc.oneof(
  fc
    .record({ revision: REVISION, at: INSTANT, outcomes: fc.array(fc.record({ before: ENTRY, after: ENTRY })) })
    .map((result): Done => ({ kind: "committed", result: { ...result, committed: true, isReplay: false } })),
  fc
    .record({ revision: REVISION, deleted: fc.nat() })
    .map((result): Done => ({ kind: "deleted", result: { ...result, isReplay: false } })),
);

test("what was done is read as it was written", () => {
  fc.assert(
    fc.property(DONE, (done) => {
      expect(parseDone(formatDone(done))).toEqual(done);
    }),
  );
});

test("the text is the stored format, member for member", () => {
  const info = {
    key: parseKey("a"),
    size: 1,
    contentType: "text/plain",
    form: "text" as const,
    revision: toRevision(3),
    tag: toTag("3.x"),
    createdAt: toEpochMs(10),
    modifiedAt: toEpochMs(20),
    expiresAt: null,
  };
  const result = {
    committed: true as const,
    revision: toRevision(3),
    at: toEpochMs(20),
    isReplay: false,
    outcomes: [
      { before: null, after: { ...info, value: Uint8Array.of(0xff) } },
      { before: { ...info, expiresAt: toEpochMs(30) }, after: null },
    ],
  };
  expect(formatDone({ kind: "committed", result })).toBe(
    '{"revision":3,"at":20,"outcomes":[[null,["a",1,"text/plain","text",3,"3.x",10,20,null,"/w=="]],' +
      '[["a",1,"text/plain","text",3,"3.x",10,20,30],null]]}',
  );
  const deleted = { deleted: 5, revision: toRevision(4), isReplay: false };
  expect(formatDone({ kind: "deleted", result: deleted })).toBe('{"revision":4,"deleted":5}');
});

describe("replay", () => {
  const done: Done = { kind: "deleted", result: { deleted: 5, revision: toRevision(4), isReplay: false } };
  const once = { id: "0", fingerprint: "f", at: toEpochMs(1) };

  test("answers what was done, marked as such, and leaves the receipt as it is", () => {
    const receipt = { fingerprint: "f", at: toEpochMs(1), did: done };
    expect(replay(receipt, once)).toEqual({ kind: "deleted", result: { ...done.result, isReplay: true } } as never);
    expect(receipt.did.result.isReplay).toBe(false);
  });

  test("refuses another request under the same name", async () => {
    const other = { fingerprint: "g", at: toEpochMs(1), did: done };
    expect(await rejectionCode(async () => replay(other, once))).toBe("idempotency-key-reused");
  });
});

test("a record counts until its age, exactly", () => {
  const at = toEpochMs(1000);
  expect([1000, 1049, 1050, 1051].map((now) => isKept(at, 50, toEpochMs(now)))).toEqual([true, true, false, false]);
});
