// Groups of several serving threads: what comes together is applied together, each is answered its own, the others hear of it.
import { expect, test } from "bun:test";
import { EVERY_KEY } from "../../core/range.ts";
import type { FromWriter, WriteAnswer, WriteRequest } from "./messages.ts";
import { WriterClients } from "./writer-clients.ts";

const DELETION: WriteRequest = { kind: "delete-all", set: EVERY_KEY, once: null };
const ANSWER: WriteAnswer = { kind: "token-put" };

/** A client that notes what it is told: its answers by their number, and each word of changes. */
function makeClient() {
  const told: (number | string)[] = [];
  return {
    told,
    post: ({ kind }: FromWriter) => void told.push(kind),
    answer: ({ length }: readonly WriteAnswer[]) => void told.push(length),
  };
}

/** @param sizes - of the transactions that what is applied is divided into */
function makeClients(sizes: readonly number[]) {
  const [first, other] = [makeClient(), makeClient()];
  const applied: number[] = [];
  let sequence = 0;
  const clock = { nowMs: 1000 };
  const due: (() => void)[] = [];
  const clients = new WriterClients({
    first,
    steadyMs: () => clock.nowMs,
    after(_delayMs, run) {
      due.push(run);
      return () => due.splice(0);
    },
    figures: () => ({ entries: 0, revision: 0, sequence, records: 0, recordBytes: 0 }),
    apply(requests, answer) {
      applied.push(requests.length);
      for (const size of sizes) {
        sequence++;
        answer(Array.from({ length: size }, () => ANSWER));
      }
    },
  });
  const runDue = () => {
    for (const run of due.splice(0)) run();
  };
  return { clients, first, other, applied, clock, runDue };
}

const group = (requests: number) => Array.from({ length: requests }, () => DELETION);

test("one client is answered at once", () => {
  const { clients, first, applied } = makeClients([2]);
  clients.take(first, group(2));
  expect([applied, first.told]).toEqual([[2], [2]]);
});

test("groups of two that have come by the next turn are applied as one, and each is answered its own part", async () => {
  const { clients, first, other, applied } = makeClients([3, 2]);
  clients.join(other);
  clients.take(first, group(4));
  clients.take(other, group(1));
  expect(applied).toEqual([]);
  await new Promise(setImmediate);
  expect(applied).toEqual([5]);
  // The other hears of the first transaction, in which it has no part.
  expect([first.told, other.told]).toEqual([
    [3, 1],
    ["progress", 1],
  ]);
});

test("a group waits for those who have just been answered, until they come or the time is over", async () => {
  const { clients, first, other, applied, runDue } = makeClients([2]);
  clients.join(other);
  clients.take(first, group(1));
  clients.take(other, group(1));
  await new Promise(setImmediate);
  clients.take(first, group(1));
  await new Promise(setImmediate);
  expect(applied).toEqual([2]);
  clients.take(other, group(1));
  await new Promise(setImmediate);
  expect(applied).toEqual([2, 2]);
  clients.take(other, group(2));
  await new Promise(setImmediate);
  runDue();
  expect(applied).toEqual([2, 2, 2]);
});

test("nobody waits for those who were answered longer ago", async () => {
  const { clients, first, other, applied, clock } = makeClients([2]);
  clients.join(other);
  clients.take(other, group(2));
  await new Promise(setImmediate);
  clock.nowMs += 2;
  clients.take(first, group(2));
  await new Promise(setImmediate);
  expect(applied).toEqual([2, 2]);
});

test("all hear of what the writer does by itself", () => {
  const { clients, first, other } = makeClients([]);
  clients.join(other);
  clients.tellProgress();
  expect([first.told, other.told]).toEqual([["progress"], ["progress"]]);
});
