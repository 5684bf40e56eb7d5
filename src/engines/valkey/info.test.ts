import { expect, test } from "bun:test";
import { parseWritePromise, type WritePromise } from "../../core/write-promise.ts";
import { clockOffsetOf } from "./clock-offset.ts";
import { onlineReplicaAddresses, onlineReplicas, parseInfo } from "./info.ts";
import { ReplyError } from "./reply.ts";
import { healthOf, refusalOf } from "./server-health.ts";

const REPLICATION = [
  "# Replication",
  "role:master",
  "slave0:ip=10.0.0.2,port=6380,state=online,offset=42,lag=0",
  "slave1:ip=10.0.0.3,port=6381,state=wait_bgsave,offset=0,lag=0",
  "slave2:ip=fd00::3,port=6382,state=online,offset=42,lag=5,type=replica",
  "slave3:ip=10.0.0.5,port=6383,state=online,offset=42,lag=6",
  "slave_repl_offset:42",
  "",
].join("\r\n");

const infoOf = (text: string) => parseInfo(Buffer.from(text)) ?? new Map<string, string>();

test("replicas that are online and heard of are counted", () => {
  const info = infoOf(REPLICATION);
  expect(info.get("role")).toBe("master");
  expect(onlineReplicas(info)).toBe(2);
  expect(onlineReplicaAddresses(info)).toEqual([
    { host: "10.0.0.2", port: 6380 },
    { host: "fd00::3", port: 6382 },
  ]);
  expect(parseInfo(new ReplyError("NOPERM no"))).toBeNull();
});

test("too few replicas refuse writes, one more does not", () => {
  const health = healthOf(infoOf(REPLICATION), null, 0);
  expect(refusalOf(health, promiseOf("replicated:2"), 0)).toBeNull();
  expect(refusalOf(health, promiseOf("replicated:3"), 0)).toContain("2 of the 3 replicas that must confirm are online");
});

test("keys that have been evicted since the last look are spoken of for a minute, those before the first are not", () => {
  const first = healthOf(infoOf("role:master\r\nevicted_keys:5\r\nmaxmemory_policy:noeviction\r\n"), null, 0);
  expect(refusalOf(first, promiseOf("applied"), 0)).toBeNull();
  const second = healthOf(infoOf("role:master\r\nevicted_keys:6\r\nmaxmemory_policy:noeviction\r\n"), first, 1000);
  const third = healthOf(infoOf("role:master\r\nevicted_keys:6\r\nmaxmemory_policy:noeviction\r\n"), second, 2000);
  expect(refusalOf(third, promiseOf("applied"), 60_999)).toContain("throws entries away");
  expect(refusalOf(third, promiseOf("applied"), 61_000)).toBeNull();
});

test("the offset of a clock is taken from the middle of the way, and is none when it is small", () => {
  const time = (ms: number) => [Buffer.from(String(Math.floor(ms / 1000))), Buffer.from(String((ms % 1000) * 1000))];
  expect(clockOffsetOf(time(1_000_000), 900_000, 900_100)).toBe(99_950);
  expect(clockOffsetOf(time(1_000_000), 1_000_100, 1_000_100)).toBe(-100);
  expect(clockOffsetOf(time(1_000_000), 1_000_049, 1_000_049)).toBe(0);
  expect(clockOffsetOf(time(1_000_000), 1_000_050, 1_000_050)).toBe(-50);
  expect(clockOffsetOf(new ReplyError("NOPERM no"), 0, 0)).toBeNull();
  expect(clockOffsetOf([], 0, 0)).toBeNull();
});

function promiseOf(text: string): WritePromise {
  const promise = parseWritePromise(text);
  if (promise === null) throw new Error(`"${text}" is no promise`);
  return promise;
}
