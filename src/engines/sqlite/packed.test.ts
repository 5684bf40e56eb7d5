// What goes to the writer and comes back in one buffer is what was put in, whatever it is.
import { expect, test } from "bun:test";
import { add, check, keyOf, put, remove } from "../../../test/support/requests.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import { type Mutation, makeBatch, UNNAMED } from "../../core/batch.ts";
import type { Entry, EntryInfo } from "../../core/entry.ts";
import { toRevision } from "../../core/entry.ts";
import { KEEP, NEVER, toEpochMs } from "../../core/expiry.ts";
import type { WriteAnswer, WriteRequest } from "./messages.ts";
import { packAnswers, unpackAnswers } from "./packed-answers.ts";
import { packRequests, unpackRequests } from "./packed-requests.ts";
import { tagOf } from "./record.ts";

const KEYS = ["a", "\u{feff}b", "schl\u00fcssel/\u{1f511}", "k".repeat(255)];
const TYPES = ["application/octet-stream", "text/plain; charset=utf-8", "application/json"];
const SIZES = [0, 1, 7, 8, 100, 65_536, 65_537];
const EXPIRIES = [
  NEVER,
  KEEP,
  { kind: "at", at: toEpochMs(1_800_000_000_123) },
  { kind: "in", ms: 0.25 },
  { kind: "ifNew", expiry: { kind: "in", ms: 60_000 } },
] as const;

for (const seed of seedsToTry(1, 3)) {
  test(`requests come out as they went in: ${seed}`, async () => {
    await withSeed(seed, (random) => {
      const requests = Array.from({ length: random.below(60) }, () => drawRequest(random));
      const packed = packRequests(requests);
      expect(unpackRequests(structuredClone(packed, { transfer: [packed.bytes.buffer] }))).toEqual([...requests]);
    });
  });

  test(`answers come out as they went in: ${seed}`, async () => {
    await withSeed(seed, (random) => {
      const answers = Array.from({ length: random.below(60) }, () => drawAnswer(random));
      const packed = packAnswers(answers);
      const back = structuredClone(packed, { transfer: [packed.numbers.buffer] });
      expect(
        unpackAnswers(
          back,
          (index) => keyOf(nameOf(answers[index])),
          (revision) => tagOf(revision, "life"),
        ),
      ).toEqual(answers);
    });
  });
}

test("puts without conditions and their outcomes are what is packed, and nothing else of a group is", () => {
  const plain = requestOf(put("a", "1"));
  const others = [requestOf(remove("a")), requestOf(add("a", 1)), requestOf(check("a", []))];
  expect(packRequests([plain, ...others, plain]).others).toEqual(others);
  const large = requestOf(put("a", "v".repeat(65_537)));
  expect(packRequests([large]).others).toEqual([large]);
});

function requestOf(...mutations: readonly Mutation[]): WriteRequest {
  return { kind: "commit", batch: makeBatch(mutations), ...UNNAMED };
}

function drawPut(random: SeededRandom): Mutation {
  return {
    op: "put",
    key: keyOf(random.pick(KEYS)),
    when: random.oneIn(5) ? [{ is: "absent" }] : [],
    want: random.oneIn(5) ? "after" : "info",
    value: Uint8Array.from({ length: random.pick(SIZES) }, () => random.below(256)),
    contentType: random.pick(TYPES),
    form: random.pick(["bytes", "text", "json", "wrapped-json"] as const),
    expiry: random.pick(EXPIRIES),
  };
}

function drawRequest(random: SeededRandom): WriteRequest {
  switch (random.below(8)) {
    case 0:
      return requestOf(put("a", "1"), put("b", "2"));
    case 1:
      return requestOf(add("a", 1));
    case 2: {
      const once = { id: "0".repeat(64), fingerprint: "1".repeat(64), at: toEpochMs(1) };
      return { kind: "commit", batch: makeBatch([drawPut(random)]), once, otherwise: [] };
    }
    default:
      return requestOf(drawPut(random));
  }
}

function drawInfo(random: SeededRandom, name: string): EntryInfo {
  const revision = toRevision(2 ** 40 + random.below(1000));
  return {
    key: keyOf(name),
    size: random.pick(SIZES),
    contentType: random.pick(TYPES),
    form: random.pick(["bytes", "text", "json", "wrapped-json"] as const),
    revision,
    tag: tagOf(revision, "life"),
    createdAt: toEpochMs(random.below(2 ** 31)),
    modifiedAt: toEpochMs(1_800_000_000_123),
    expiresAt: random.oneIn(2) ? null : toEpochMs(random.below(2 ** 31)),
  };
}

function drawAnswer(random: SeededRandom): WriteAnswer {
  const name = random.pick(KEYS);
  if (random.oneIn(6)) return { kind: "failed", error: { code: "busy", detail: "Too many", data: {}, trace: null } };
  if (random.oneIn(6)) {
    return { kind: "committed", result: { committed: false, conflicts: [{ index: 0, current: null }], otherwise: [] } };
  }
  const shown: Entry = { ...drawInfo(random, name), value: new Uint8Array(3) };
  const before = random.oneIn(3) ? null : drawInfo(random, name);
  const after = random.oneIn(4) ? null : random.oneIn(4) ? shown : drawInfo(random, name);
  const outcomes = Array.from({ length: random.oneIn(5) ? 2 : 1 }, () => ({ before, after }));
  const revision = toRevision(random.below(2 ** 31));
  return {
    kind: "committed",
    result: { committed: true, revision, outcomes, at: toEpochMs(7), isReplay: random.oneIn(5) },
  };
}

/** The key that the answer is of; any where it says none. */
function nameOf(answer: WriteAnswer | undefined): string {
  if (answer?.kind !== "committed" || !answer.result.committed) return "a";
  const [first] = answer.result.outcomes;
  return first?.after?.key ?? first?.before?.key ?? "a";
}
