import { expect, test } from "bun:test";
import { parseWritePromise } from "./write-promise.ts";

test("each promise is read from its own text", () => {
  const promises = ["applied", "fsync", "replicated:1", "replicated:9", "replicated:2+fsync"].map(parseWritePromise);
  expect(promises).toEqual([
    { kind: "applied", replicas: 0, fsync: false, text: "applied" },
    { kind: "fsync", replicas: 0, fsync: true, text: "fsync" },
    { kind: "replicated", replicas: 1, fsync: false, text: "replicated:1" },
    { kind: "replicated", replicas: 9, fsync: false, text: "replicated:9" },
    { kind: "replicated", replicas: 2, fsync: true, text: "replicated:2+fsync" },
  ]);
});

test("other texts are no promise", () => {
  const texts = [
    "",
    "Applied",
    "replicated",
    "replicated:",
    "replicated:0",
    "replicated:10",
    "replicated:1+",
    "fsync+",
  ];
  expect(texts.map(parseWritePromise)).toEqual(texts.map(() => null));
});
