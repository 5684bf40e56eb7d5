// Fills a store with the keys that workloads ask for, many in each request, over a few connections.
import type { Dialect } from "./dialect.ts";
import { LoadFailed, type Target } from "./open-socket.ts";
import { makeOperation, type Operation, toKeyDigits } from "./operation.ts";
import { runLoad } from "./run-load.ts";
import type { ValuePool } from "./value-pool.ts";

export interface Filling {
  readonly target: Target;
  /** Lines of the head that every request has, each with its end. */
  readonly fields: string;
  readonly prefix: string;
  readonly keys: number;
  readonly values: ValuePool;
  readonly signal: AbortSignal;
}

export interface FillingByOne {
  readonly target: Target;
  readonly dialect: Dialect;
  readonly keys: number;
  /** Called before the first is sent, and now and then, with how many were. */
  readonly seen: (done: number) => void;
  readonly signal: AbortSignal;
}

const CONNECTIONS = 4;
const BY_ONE_CONNECTIONS = 64;
const SEEN_EVERY = 1000;
const ENTRIES_MAX = 1000;
/** Of the values of one request: the server takes 8 MiB, and holds the text beside the values. */
const REQUEST_BYTES = 1024 * 1024;
const SECONDS_MAX = 3600;

/** "key00000000" and so on, each behind the prefix. @throws LoadFailed where the server refuses, or has one of them already */
export async function fillKeyhold({ target, fields, prefix, keys, values, signal }: Filling): Promise<void> {
  const entries = Math.max(1, Math.min(ENTRIES_MAX, Math.floor(REQUEST_BYTES / values.valueBytes)));
  const requests = Math.ceil(keys / entries);
  const json = `${fields}Content-Type: application/json\r\nPrefer: return=minimal\r\n`;
  const post = { kind: "write", method: "POST", statuses: [201, 204], target: "/keys", fields: json } as const;
  let first = 0;
  const next = () => {
    const body = pairsOf({ prefix, first, end: Math.min(keys, first + entries) }, values);
    first += entries;
    return makeOperation({ ...post, body });
  };
  await runLoad({ target, connections: Math.min(CONNECTIONS, requests), seconds: SECONDS_MAX, requests, next, signal });
}

/** By a request for each key, which needs no more leave than to write, and no store that keeps them together. @throws LoadFailed */
export async function fillOneByOne({ target, dialect, keys, seen, signal }: FillingByOne): Promise<void> {
  const put = dialect.get("put");
  if (put === undefined) throw new RangeError("The server cannot be filled");
  const operation: Operation = { ...put, statuses: [200, 201, 204] };
  const connections = Math.min(BY_ONE_CONNECTIONS, keys);
  let number = 0;
  const next = () => {
    if (number % SEEN_EVERY === 0) seen(number);
    operation.prepare(number++);
    return operation;
  };
  const { requests } = await runLoad({ target, connections, seconds: SECONDS_MAX, requests: keys, next, signal });
  if (requests < keys && !signal.aborted) {
    throw new LoadFailed(`Only ${requests} of ${keys} keys could be set in ${SECONDS_MAX} s`);
  }
}

interface Stretch {
  readonly prefix: string;
  readonly first: number;
  readonly end: number;
}

/** JSON, written by hand: neither keys nor values have what would be escaped. */
function pairsOf({ prefix, first, end }: Stretch, values: ValuePool): string {
  const pairs: string[] = [];
  for (let number = first; number < end; number++) {
    pairs.push(`"${prefix}key${toKeyDigits(number)}":"${values.text(number)}"`);
  }
  return `{${pairs.join(",")}}`;
}
