// Turns by key: order, independence, failures, and the bound.
import { expect, test } from "bun:test";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { keyOf } from "../../test/support/requests.ts";
import { Turns } from "./turns.ts";

const TURNS_MAX = 4096;

/** Work that waits until it is let go, and says when it has begun. */
function makeWork(name: string, log: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = async () => {
    log.push(`begin ${name}`);
    return promise.finally(() => log.push(`end ${name}`));
  };
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

/** Lets everything run that waits for nothing. */
const settle = () => new Promise(setImmediate);

const keysOf = (...names: readonly string[]) => names.map(keyOf);

test("who wants the same key comes one after another, in the order of asking", async () => {
  const [turns, log] = [new Turns(), [] as string[]];
  const works = ["1", "2", "3"].map((name) => makeWork(name, log));
  const taken = works.map(({ run }) => turns.take(keysOf("a"), run));
  for (const work of works.toReversed()) work.end();
  expect(await Promise.all(taken)).toEqual(["1", "2", "3"]);
  expect(log).toEqual(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
});

test("who wants other keys does not wait; who wants several waits for each", async () => {
  const [turns, log] = [new Turns(), [] as string[]];
  const a = makeWork("a", log);
  const b = makeWork("b", log);
  const both = makeWork("both", log);
  const c = makeWork("c", log);
  const taken = [
    turns.take(keysOf("a"), a.run),
    turns.take(keysOf("b"), b.run),
    turns.take(keysOf("b", "a"), both.run),
    turns.take(keysOf("c"), c.run),
  ];
  await settle();
  expect(log).toEqual(["begin a", "begin b", "begin c"]);
  a.end();
  await settle();
  expect(log.at(-1)).toBe("end a");
  b.end();
  await settle();
  expect(log.at(-1)).toBe("begin both");
  both.end();
  c.end();
  await Promise.all(taken);
});

test("two that want the same two keys in other orders do not wait for each other", async () => {
  const turns = new Turns();
  const taken = Array.from({ length: 20 }, (_, index) =>
    turns.take(index % 2 === 0 ? keysOf("a", "b") : keysOf("b", "a"), async () => {
      await settle();
      return index;
    }),
  );
  expect(await Promise.all(taken)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test("a failure is told to its own caller, and lets the next go on", async () => {
  const [turns, log] = [new Turns(), [] as string[]];
  const one = makeWork("one", log);
  const two = makeWork("two", log);
  const first = turns.take(keysOf("a"), one.run);
  const second = turns.take(keysOf("a"), two.run);
  one.fail();
  two.end();
  expect(await first.catch((error: Error) => error.message)).toBe("one");
  expect(await second).toBe("two");
  expect(
    await turns
      .take(keysOf("a"), () => {
        throw new Error("at once");
      })
      .catch((error: Error) => error.message),
  ).toBe("at once");
  expect(await turns.take(keysOf("a"), async () => "next")).toBe("next");
});

test("4,096 may wait or run at once; one more is busy, until one is through", async () => {
  const [turns, log] = [new Turns(), [] as string[]];
  const works = Array.from({ length: TURNS_MAX }, (_, index) => makeWork(String(index), log));
  const taken = works.map(({ run }, index) => turns.take(keysOf(`k${index % 7}`), run));
  const more = () => turns.take(keysOf("free"), async () => "done");
  expect(await rejectionCode(more)).toBe("busy");
  works[0]?.end();
  await taken[0];
  expect(await more()).toBe("done");
  for (const work of works) work.end();
  expect(await Promise.all(taken)).toHaveLength(TURNS_MAX);
});

test("work without keys waits for nobody", async () => {
  const turns = new Turns();
  const { run, end } = makeWork("a", []);
  const waiting = turns.take(keysOf("a"), run);
  expect(await turns.take([], async () => "free")).toBe("free");
  end();
  await waiting;
});
