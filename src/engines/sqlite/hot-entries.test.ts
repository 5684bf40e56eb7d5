// What is kept of entries that were read: never what a write may have changed, and never more than the limit.
import { describe, expect, test } from "bun:test";
import { type Entry, toRevision, toTag } from "../../core/entry.ts";
import { type EpochMs, toEpochMs } from "../../core/expiry.ts";
import { type Key, parseKey } from "../../core/key.ts";
import { HotEntries } from "./hot-entries.ts";

const KIB = 1024;
const NOW = toEpochMs(1000);

describe("an entry that was read", () => {
  test("is found again", () => {
    const hot = new HotEntries(64 * KIB);
    const entry = entryOf("a");
    hot.keep(entry);
    expect(hot.get(keyOf("a"), () => NOW)).toBe(entry);
    expect(hot.get(keyOf("b"), () => NOW)).toBeUndefined();
  });

  test("is there until the instant in which it ends, and not at it", () => {
    const hot = new HotEntries(64 * KIB);
    hot.keep(entryOf("a", { expiresAt: toEpochMs(2000) }));
    expect(hot.get(keyOf("a"), () => toEpochMs(1999))?.key).toBe(keyOf("a"));
    expect(hot.get(keyOf("a"), () => toEpochMs(2000))).toBeNull();
  });

  test("is not kept where its value is large, or nothing is to be kept", () => {
    const hot = new HotEntries(1024 * KIB);
    hot.keep(entryOf("a", { bytes: 16 * KIB + 1 }));
    hot.keep(entryOf("b", { bytes: 16 * KIB }));
    expect([hot.get(keyOf("a"), () => NOW), hot.get(keyOf("b"), () => NOW)?.key]).toEqual([undefined, keyOf("b")]);
    const none = new HotEntries(0);
    none.keep(entryOf("a"));
    expect(none.get(keyOf("a"), () => NOW)).toBeUndefined();
  });
});

describe("while a key is written", () => {
  test("it is neither found nor kept, until each write of it is settled", () => {
    const hot = new HotEntries(64 * KIB);
    hot.keep(entryOf("a"));
    hot.beginWrite([keyOf("a"), keyOf("b")]);
    hot.beginWrite([keyOf("a")]);
    hot.keep(entryOf("a"));
    hot.endWrite([keyOf("a"), keyOf("b")]);
    hot.keep(entryOf("a"));
    hot.keep(entryOf("b"));
    expect([hot.get(keyOf("a"), () => NOW), hot.get(keyOf("b"), () => NOW)?.key]).toEqual([undefined, keyOf("b")]);
    hot.endWrite([keyOf("a")]);
    hot.keep(entryOf("a"));
    expect(hot.get(keyOf("a"), () => NOW)?.key).toBe(keyOf("a"));
  });

  test("others are found as before", () => {
    const hot = new HotEntries(64 * KIB);
    hot.keep(entryOf("a"));
    hot.beginWrite([keyOf("b")]);
    expect(hot.get(keyOf("a"), () => NOW)?.key).toBe(keyOf("a"));
  });
});

test("while a set is deleted nothing is found or kept", () => {
  const hot = new HotEntries(64 * KIB);
  hot.keep(entryOf("a"));
  hot.beginSetWrite();
  hot.keep(entryOf("b"));
  expect([hot.get(keyOf("a"), () => NOW), hot.get(keyOf("b"), () => NOW)]).toEqual([undefined, undefined]);
  hot.endSetWrite();
  hot.keep(entryOf("b"));
  expect(hot.get(keyOf("b"), () => NOW)?.key).toBe(keyOf("b"));
});

test("what is read often outlasts what is read once, and all of it stays within the limit", () => {
  const [limit, bytes] = [64 * KIB, 512];
  const hot = new HotEntries(limit);
  const count = 1000;
  hot.keep(entryOf("often", { bytes }));
  for (let index = 0; index < count; index++) {
    hot.keep(entryOf(`once${index}`, { bytes }));
    expect(hot.get(keyOf("often"), () => NOW)?.key).toBe(keyOf("often"));
  }
  const kept = Array.from({ length: count }, (_, index) => keyOf(`once${index}`)).filter((key) =>
    hot.get(key, () => NOW),
  );
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length * (bytes + 2048)).toBeLessThanOrEqual(limit);
});

function entryOf(
  name: string,
  { bytes = 1, expiresAt = null }: { readonly bytes?: number; readonly expiresAt?: EpochMs | null } = {},
): Entry {
  return {
    key: keyOf(name),
    revision: toRevision(1),
    tag: toTag("1.a"),
    contentType: "text/plain",
    form: "text",
    size: bytes,
    createdAt: NOW,
    modifiedAt: NOW,
    expiresAt,
    value: new Uint8Array(bytes),
  };
}

function keyOf(name: string): Key {
  return parseKey(name);
}
