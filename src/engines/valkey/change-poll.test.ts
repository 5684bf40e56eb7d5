// Looking at the log: one look at a time, and none that nobody wants. The server is played, and so is the clock.
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { KeyholdError } from "../../core/errors.ts";
import { ChangePoll } from "./change-poll.ts";
import { Layout } from "./layout.ts";
import type { Reply } from "./reply.ts";

/** Longer than the longest pause between two looks. */
const LONG_MS = 250;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A server that answers a look when it is told to. */
function makeServer() {
  const waiting: PromiseWithResolvers<Reply>[] = [];
  return {
    read: () => {
      const look = Promise.withResolvers<Reply>();
      waiting.push(look);
      return look.promise;
    },
    get looks(): number {
      return waiting.length;
    },
    /**
     * Answers all looks that wait, and lets the poll hear of it.
     *
     * @param ends - of the log of each partition; null for one that cannot be asked, without it an empty log
     */
    async answer(ends: readonly (string | null)[] = []): Promise<void> {
      for (const [index, { resolve, reject }] of waiting.splice(0).entries()) {
        const end = ends[index];
        if (end === null) reject(new KeyholdError("unavailable", "The server is away"));
        else resolve(end === undefined ? [] : [[Buffer.from(end), []]]);
      }
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
  };
}

test("is done once at a time, however often the last who wants to know goes and another comes meanwhile", async () => {
  const server = makeServer();
  const poll = new ChangePoll({ servers: server, partitions: new Layout("p", 1).partitions });
  let end = poll.onChange(() => {});
  for (let round = 0; round < 5; round++) {
    jest.advanceTimersByTime(LONG_MS);
    expect(server.looks).toBe(1);
    end();
    end = poll.onChange(() => {});
    await server.answer();
  }
  end();
  jest.advanceTimersByTime(LONG_MS);
  expect(server.looks).toBe(0);
});

test("ends with the last who wants to know, and begins anew with the next", async () => {
  const server = makeServer();
  const poll = new ChangePoll({ servers: server, partitions: new Layout("p", 1).partitions });
  poll.onChange(() => {})();
  jest.advanceTimersByTime(LONG_MS);
  expect(server.looks).toBe(0);
  poll.onChange(() => {});
  jest.advanceTimersByTime(LONG_MS);
  expect(server.looks).toBe(1);
  poll.close();
  await server.answer();
  jest.advanceTimersByTime(LONG_MS);
  expect(server.looks).toBe(0);
});

test("tells what one partition has logged although another could not be asked", async () => {
  const server = makeServer();
  const poll = new ChangePoll({ servers: server, partitions: new Layout("p", 2).partitions });
  let wakes = 0;
  poll.onChange(() => wakes++);
  for (const [ends, wakesBehind] of [
    [["1-0", "1-0"], 1],
    [["1-0", "1-0"], 1],
    [["2-0", null], 2],
    [["2-0", null], 2],
    [["2-0", "3-0"], 3],
  ] as const) {
    jest.advanceTimersByTime(LONG_MS);
    expect(server.looks).toBe(2);
    await server.answer(ends);
    expect(wakes).toBe(wakesBehind);
  }
  poll.close();
});
