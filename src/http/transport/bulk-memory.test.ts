// Large bodies come to a collection in a bounded share of the time; small requests never do.
import { expect, test } from "bun:test";
import { BulkCollector, freeBulk } from "./bulk-memory.ts";

const MiB = 1024 * 1024;
const COLLECTION_MS = 10;

function makeCollector(isInNeed = false) {
  const state = { nowMs: 1000, collections: 0 };
  const collect = () => {
    state.collections++;
    state.nowMs += COLLECTION_MS;
  };
  const collector = new BulkCollector(
    collect,
    () => state.nowMs,
    () => isInNeed,
  );
  return { state, collector };
}

test("garbage is collected every so many bytes", () => {
  const { state, collector } = makeCollector();
  for (let piece = 0; piece < 7; piece++) collector.passed(MiB);
  expect(state.collections).toBe(0);
  collector.passed(MiB);
  expect(state.collections).toBe(1);
});

test.each([
  [false, 10],
  [true, 2],
])("in need (%p), it is not collected again for %p times as long as that took", (isInNeed, times) => {
  const { state, collector } = makeCollector(isInNeed);
  collector.passed(8 * MiB);
  state.nowMs += times * COLLECTION_MS - 1;
  for (let piece = 0; piece < 100; piece++) collector.passed(MiB);
  expect(state.collections).toBe(1);
  state.nowMs += 1;
  collector.passed(MiB);
  expect(state.collections).toBe(2);
});

test("small pieces never come to a collection", () => {
  const { state, collector } = makeCollector();
  for (let piece = 0; piece < 10_000; piece++) collector.passed(16 * 1024 - 1);
  expect(state.collections).toBe(0);
});

test("bytes are freed where they are many and have their memory to themselves", () => {
  const alone = new Uint8Array(64 * 1024);
  freeBulk(alone);
  expect(alone.length).toBe(0);
  const part = new Uint8Array(128 * 1024).subarray(0, 64 * 1024);
  const few = new Uint8Array(100);
  for (const bytes of [part, few]) freeBulk(bytes);
  expect([part.length, few.length]).toEqual([64 * 1024, 100]);
});
