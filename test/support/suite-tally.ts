// Counts what a suite has run on one engine, and prints it in one line: a test that ends early, because the engine cannot do
// what it is about, is told apart from one that has passed.
import { afterAll, afterEach, beforeEach } from "bun:test";
import type { WithServer } from "./http-harness.ts";

interface RunningTest {
  /** What it has begun and not ended well: a test that fails, or runs out of its time, never does. */
  open: number;
  skipReason: string | null;
}

/** Tests of one process run one after the other. */
let running: RunningTest = { open: 0, skipReason: null };

/** Says that the test that runs ends here, and why. It is counted where the suite is. */
export function endEarly(reason: string): void {
  running.skipReason = reason;
}

/** Registers the count in the describe() that it is called in. @param name - as in "sqlite: store suite" */
export function tallySuite(name: string): void {
  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  beforeEach(() => {
    running = { open: 0, skipReason: null };
  });
  afterEach(() => {
    if (running.open > 0) failed++;
    else if (running.skipReason !== null) skipped.push(running.skipReason);
    else passed++;
  });
  afterAll(() => {
    // None has run where tests are chosen by their names.
    if (passed + failed + skipped.length === 0) return;
    const byReason = [...Map.groupBy(skipped, (reason) => reason)].map(([reason, { length }]) => `${length} ${reason}`);
    const counts = [`${passed} passed`, ...(failed > 0 ? [`${failed} failed`] : []), `${skipped.length} skipped`];
    console.log(`${name} ${counts.join(", ")}${byReason.length > 0 ? `: ${byReason.join("; ")}` : ""}`);
  });
}

/** Runs a part of a test, for the count: the test has failed unless it ends well. */
export async function tallied<T>(part: () => Promise<T>): Promise<T> {
  const test = running;
  test.open++;
  const result = await part();
  test.open--;
  return result;
}

/** As `withServer`, each for the count. */
export function talliedServer(withServer: WithServer): WithServer {
  return (body, flags) => tallied(() => withServer(body, flags));
}
