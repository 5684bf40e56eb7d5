import { describe, expect, test } from "bun:test";
import { ReplyError } from "./reply.ts";
import { faultOf, NO_PRIMARY, refusedError, unknownError } from "./server-errors.ts";

/** Lines that servers were seen to answer, and what is done then. */
const ANSWERS: readonly (readonly [string, object])[] = [
  ["MOVED 3999 127.0.0.1:6381", { kind: "redirect", isForGood: true }],
  ["ASK 3999 127.0.0.1:6381", { kind: "redirect", isForGood: false }],
  ["TRYAGAIN Multiple keys request during rehashing of slot", { kind: "retry", pauseMs: 25, isRefresh: false }],
  ["CLUSTERDOWN The cluster is down", { kind: "retry", isRefresh: true }],
  ["CLUSTERDOWN The cluster is down and only accepts read commands", { kind: "retry", isRefresh: true }],
  ["CLUSTERDOWN Hash slot not served", { kind: "retry", isRefresh: true }],
  ["READONLY You can't write against a read only replica.", { kind: "retry", isRefresh: true }],
  ["LOADING Valkey is loading the dataset in memory", { kind: "retry", isRefresh: true }],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", { kind: "retry" }],
  ["BUSY Valkey is busy running a script.", { kind: "retry", pauseMs: 50, isRefresh: false }],
  ["ERR max number of clients reached", { kind: "retry" }],
  ["NOSCRIPT No matching script.", { kind: "send-text" }],
  ["NOREPLICAS Not enough good replicas to write.", { kind: "give-up", code: "unavailable" }],
  ["OOM command not allowed when used memory > 'maxmemory'.", { kind: "give-up", code: "no-room" }],
  ["MISCONF Errors writing to the AOF file: No space left on device", { kind: "give-up", code: "no-room" }],
  ["NOAUTH Authentication required.", { kind: "give-up", code: "internal" }],
  ["WRONGPASS invalid username-password pair or user is disabled.", { kind: "give-up", code: "internal" }],
  ["NOPERM User default has no permissions to run the 'evalsha' command", { kind: "give-up", code: "internal" }],
  ["CROSSSLOT Keys in request don't hash to the same slot", { kind: "give-up", code: "internal" }],
  ["ERR Error running script", { kind: "give-up", code: "internal" }],
  ["SOMETHING that no version says yet", { kind: "give-up", code: "internal" }],
  ["constructor", { kind: "give-up", code: "internal" }],
];

for (const [line, act] of ANSWERS) {
  test(`"${line}" is followed by ${JSON.stringify(act)}`, () => {
    expect(faultOf(new ReplyError(line)).act).toMatchObject(act);
  });
}

describe("the user", () => {
  test("is told that nothing has been written, and when to come again", () => {
    const fault = faultOf(new ReplyError("CLUSTERDOWN Hash slot not served"));
    const error = refusedError("unavailable", { isWrite: true, fault, afterMs: 2000 });
    expect(error.detail).toBe(
      "Cannot write within 2000 ms: the cluster does not serve these entries for now; nothing has been written",
    );
    expect(error.data).toEqual({ retry_after: 2 });
  });

  test("is told of reads without a word of writing, and of what cannot be repeated without a time", () => {
    expect(refusedError("unavailable", { isWrite: false, fault: NO_PRIMARY, afterMs: null }).detail).toBe(
      "Cannot read: no server is known to be the primary",
    );
    const fault = faultOf(new ReplyError("OOM command not allowed"));
    expect(refusedError("no-room", { isWrite: true, fault, afterMs: null }).data).toEqual({});
  });

  test("is told that nobody knows, and what to do", () => {
    expect(unknownError("the connection was lost")).toMatchObject({
      code: "outcome-unknown",
      detail: "Cannot tell whether the write was made: the connection was lost; read the entry before trying again",
    });
  });
});
