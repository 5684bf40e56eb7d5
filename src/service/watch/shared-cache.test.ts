import { expect, test } from "bun:test";
import { SharedCache } from "./shared-cache.ts";

test("what has been there longest gives way to what is new, at the bound", () => {
  const cache = new SharedCache<number>(10);
  cache.set("a", 1, 5);
  cache.set("b", 2, 5);
  expect([cache.get("a"), cache.get("b")]).toEqual([1, 2]);
  cache.set("c", 3, 1);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([undefined, 2, 3]);
});

test("what is greater than the bound is not kept, and what stood under its name is not either", () => {
  const cache = new SharedCache<number>(10);
  cache.set("a", 1, 10);
  cache.set("a", 2, 11);
  expect(cache.get("a")).toBe(undefined);
});

test("the length of what is replaced or cleared is free again", () => {
  const cache = new SharedCache<number>(10);
  cache.set("a", 1, 10);
  cache.set("a", 2, 4);
  cache.set("b", 3, 6);
  expect(cache.get("a")).toBe(2);
  cache.clear();
  cache.set("c", 4, 10);
  expect([cache.get("a"), cache.get("c")]).toEqual([undefined, 4]);
});
