// What most benchmarks work on: 10,000 keys with values of 100 bytes, asked for as the workloads of that name say.
import { makeKeyholdDialect } from "../src/load/dialect.ts";
import { fillKeyhold } from "../src/load/fill.ts";
import { targetOf } from "../src/load/open-socket.ts";
import { type LoadResult, runLoad } from "../src/load/run-load.ts";
import { ValuePool } from "../src/load/value-pool.ts";
import { HOT_KEYS, type RequestSource, workloadOf } from "../src/load/workloads.ts";
import { HOST_FIELD, type Stock } from "./contender.ts";
import { SEED } from "./settings.ts";

export const HOT_STOCK: Stock = { keys: HOT_KEYS, values: new ValuePool(100, SEED) };
const ENDLESS = new AbortController().signal;

/** @param fields - lines of the head that every request has, each with its end */
export function hotSource(workload: string, fields: string = HOST_FIELD): RequestSource {
  const dialect = makeKeyholdDialect({ fields, writeFields: "", path: "/", prefix: "" }, HOT_STOCK.values);
  return workloadOf(workload).make(dialect, { keys: HOT_STOCK.keys, seed: SEED });
}

/** @throws LoadFailed where that is refused */
export function fillHotKeys(url: URL, fields: string = HOST_FIELD): Promise<void> {
  return fillKeyhold({ ...HOT_STOCK, target: targetOf(url), fields, prefix: "", signal: ENDLESS });
}

export interface PlainLoad {
  readonly connections: number;
  readonly seconds: number;
  readonly next: RequestSource;
}

/** A load that ends with its time alone. */
export function load(url: URL, plain: PlainLoad): Promise<LoadResult> {
  return runLoad({ ...plain, target: targetOf(url), requests: Number.POSITIVE_INFINITY, signal: ENDLESS });
}
