// The workloads by name: which operation comes next, and on which key. watch-fan-out is none of these, as its clients wait for
// what others write: fan-out.ts.
import type { Asked, Dialect } from "./dialect.ts";
import { makeKeyOrder } from "./key-order.ts";
import type { Operation } from "./operation.ts";

export interface WorkloadScale {
  /** Keys that the store was filled with, numbered from 0. */
  readonly keys: number;
  readonly seed: number;
}

/** Makes the next request each time; goes on where it stands, so that keys that were new stay so. */
export type RequestSource = () => Operation;

interface Workload {
  readonly name: string;
  /** For people. */
  readonly summary: string;
  /** What the server must know. */
  readonly asks: readonly Asked[];
  readonly make: (dialect: Dialect, scale: WorkloadScale) => RequestSource;
}

/** Keys of get-hot: what a cache of a few MiB holds. */
export const HOT_KEYS = 10_000;
/** New keys come in as many different places. */
const NEW_KEYS = 2 ** 26;

export const WORKLOADS: readonly Workload[] = [
  {
    name: "get-hot",
    summary: `read ${HOT_KEYS} of the keys`,
    asks: ["get"],
    make: (dialect, { keys, seed }) => {
      const order = makeKeyOrder(keys, seed);
      const hot = Math.min(keys, HOT_KEYS);
      return oneOf(dialect, "get", (place) => order(place % hot));
    },
  },
  overAll("get-random", "read all keys, at random", "get"),
  overAll("get-missing", "read keys that are not there", "missing"),
  overAll("head", "HEAD of all keys, at random", "head"),
  {
    name: "put-new",
    summary: "write new keys, at random places",
    asks: ["create"],
    make: (dialect, { seed }) => oneOf(dialect, "create", makeKeyOrder(NEW_KEYS, seed)),
  },
  overAll("put-overwrite", "write all keys again, at random", "put"),
  { name: "put-one-key", summary: "write one key", asks: ["put"], make: (dialect) => oneOf(dialect, "put", () => 0) },
  {
    name: "incr-one-key",
    summary: "count up one key",
    asks: ["count"],
    make: (dialect) => oneOf(dialect, "count", () => 0),
  },
  overAll("list-page", "pages of 100 entries with values, from random places on", "page"),
  {
    name: "list-all",
    summary: "all entries with values",
    asks: ["all"],
    make: (dialect) => oneOf(dialect, "all", () => 0),
  },
  mixed("mixed-95-5", 95),
  mixed("mixed-75-25", 75),
];

export const FAN_OUT = "watch-fan-out";

/** @throws RangeError where there is no such workload; its name is checked before */
export function workloadOf(name: string): Workload {
  const workload = WORKLOADS.find((each) => each.name === name);
  if (workload === undefined) throw new RangeError(`There is no workload ${name}`);
  return workload;
}

function overAll(name: string, summary: string, asked: Asked): Workload {
  return {
    name,
    summary,
    asks: [asked],
    make: (dialect, { keys, seed }) => oneOf(dialect, asked, makeKeyOrder(keys, seed)),
  };
}

/** So many reads in a hundred, each on keys of its own order. */
function mixed(name: string, reads: number): Workload {
  return {
    name,
    summary: `${reads} % reads, ${100 - reads} % writes, of all keys at random`,
    asks: ["get", "put"],
    make: (dialect, { keys, seed }) => {
      const read = oneOf(dialect, "get", makeKeyOrder(keys, seed));
      const write = oneOf(dialect, "put", makeKeyOrder(keys, seed + 1));
      const turn = makeKeyOrder(100, seed);
      let place = 0;
      return () => (turn(place++) < reads ? read() : write());
    },
  };
}

function oneOf(dialect: Dialect, asked: Asked, numberAt: (place: number) => number): RequestSource {
  const operation = dialect.get(asked);
  if (operation === undefined) throw new RangeError(`The server cannot be asked for ${asked}`);
  let place = 0;
  return () => {
    operation.prepare(numberAt(place++));
    return operation;
  };
}
