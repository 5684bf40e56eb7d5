// Tests of write-promise.ts.
import { expect, test } from "bun:test";
import { parsePromise, resolvePromise } from "./write-promise.ts";

test.each([
  ["applied", { kind: "applied", replicas: 0, fsync: false, text: "applied" }],
  ["fsync", { kind: "fsync", replicas: 0, fsync: true, text: "fsync" }],
  ["replicated:1", { kind: "replicated", replicas: 1, fsync: false, text: "replicated:1" }],
  ["replicated:9+fsync", { kind: "replicated", replicas: 9, fsync: true, text: "replicated:9+fsync" }],
  ["auto", "auto"],
  ["replicated", null],
  ["replicated:0", null],
  ["replicated:10", null],
  ["replicated:1+applied", null],
  ["Applied", null],
  ["", null],
])("%j is %p", (text, expected) => expect<unknown>(parsePromise(text)).toEqual(expected));

test("auto is fsync on one server, and one replica where there are some", () => {
  expect(resolvePromise("auto", { topology: "standalone" }).text).toBe("fsync");
  expect(resolvePromise("auto", { topology: "sentinel" }).text).toBe("replicated:1");
  expect(resolvePromise("auto", { topology: "cluster" }).text).toBe("replicated:1");
});

test("what is named stands everywhere", () => {
  const applied = { kind: "applied", replicas: 0, fsync: false, text: "applied" } as const;
  expect(resolvePromise(applied, { topology: "cluster" })).toBe(applied);
});
