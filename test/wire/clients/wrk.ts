// wrk: a load over many connections, one request after the other on each or sixteen at a time.

import { expect } from "bun:test";
import { join } from "node:path";
import { mustRun } from "../../support/run-command.ts";

const PIPELINE = join(import.meta.dir, "pipeline.lua");
const CONNECTIONS = 16;

export interface WrkLoad {
  readonly command: string;
  readonly url: string;
  readonly seconds: number;
  readonly isPipelined: boolean;
}

/** Resolves to a sentence for the table. @throws where a request was not answered, or not well */
export async function runWrk({ command, url, seconds, isPipelined }: WrkLoad): Promise<string> {
  const script = isPipelined ? ["--script", PIPELINE] : [];
  const load = ["--threads", "1", "--connections", String(CONNECTIONS), "--duration", `${seconds}s`];
  const printed = await mustRun([command, ...load, ...script, url]);
  // Both lines are there only where there is something to tell.
  expect(printed).not.toMatch(/Socket errors|Non-2xx/);
  const requests = Number(/^ +(\d+) requests in /m.exec(printed)?.[1] ?? 0);
  expect(requests).toBeGreaterThan(CONNECTIONS);
  return `${requests} in ${seconds} s`;
}
