// Large bodies come to a collection in a bounded share of the time; small requests never do.
import { expect, test } from "bun:test";
import { BulkCollector, freeBulk } from "./bulk-memory.ts";

const MiB = 1024 * 1024;

test("garbage is collected every so many bytes, and then not for ten times as long as that took", () => {
  let nowMs = 0;
  let collections = 0;
  const collect = () => {
    collections++;
    nowMs += 10;
  };
  const collector = new BulkCollector(collect, () => nowMs);
  for (let piece = 0; piece < 7; piece++) collector.passed(MiB);
  expect(collections).toBe(0);
  collector.passed(MiB);
  expect(collections).toBe(1);
  for (let piece = 0; piece < 100; piece++) collector.passed(MiB);
  expect(collections).toBe(1);
  nowMs += 100;
  collector.passed(MiB);
  expect(collections).toBe(2);
});

test("small pieces never come to a collection", () => {
  const collector = new BulkCollector(
    () => {
      throw new Error("collected");
    },
    () => 0,
  );
  for (let piece = 0; piece < 10_000; piece++) collector.passed(16 * 1024 - 1);
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
