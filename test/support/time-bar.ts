// Times that are promised, in tests that see whether they are kept. On a machine that is busy with other things a time says little
// of what is tested, so by default it is only printed; BARS=1 asks that it be kept, where nothing else runs.
import { expect } from "bun:test";

const areAsked = process.env["BARS"] === "1";

/** @param what - as in "the longest that a client was not served" */
export function expectWithin(what: string, ms: number, barMs: number): void {
  if (areAsked) expect({ what, isWithin: ms < barMs, ms, barMs }).toMatchObject({ isWithin: true });
  else if (ms >= barMs)
    console.log(`${what}: ${Math.round(ms)} ms, beyond ${barMs} ms; nothing is asked of times without BARS=1`);
}
