import { expect, test } from "bun:test";
import { LIMITS } from "../../core/limits.ts";
import { LoopShare } from "./loop-share.ts";

/** Work in steps of a millisecond by a clock that only the steps turn. */
function makeWorkshop() {
  let nowMs = 0;
  const share = new LoopShare(() => nowMs);
  const log: string[] = [];
  const work = async (name: string, steps: number) => {
    for (let step = 0; step < steps; step++) {
      if (share.isSpent()) await share.later();
      nowMs++;
      log.push(name);
    }
  };
  return { work, log, text: () => log.join("") };
}

const turn = () => new Promise(setImmediate);

test("work within the share is done at once, and no more than the share in one turn", async () => {
  const { work, log } = makeWorkshop();
  const done = work("a", 2 * LIMITS.watchShareMs + 1);
  expect(log).toHaveLength(LIMITS.watchShareMs);
  await turn();
  expect(log).toHaveLength(2 * LIMITS.watchShareMs);
  await done;
  expect(log).toHaveLength(2 * LIMITS.watchShareMs + 1);
});

test("who waits goes on in the order of asking, several in one turn where the share allows", async () => {
  const { work, text } = makeWorkshop();
  const full = LIMITS.watchShareMs;
  const all = [work("a", 2 * full), work("b", 1), work("c", 2), work("d", full)];
  expect(text()).toBe("a".repeat(full));
  await turn();
  expect(text()).toBe("a".repeat(2 * full));
  await turn();
  expect(text()).toBe(`${"a".repeat(2 * full)}bcc${"d".repeat(full - 3)}`);
  await Promise.all(all);
  expect(text()).toBe(`${"a".repeat(2 * full)}bcc${"d".repeat(full)}`);
});

test("a share that was spent in one turn is whole again in the next", async () => {
  const { work, log } = makeWorkshop();
  await work("a", LIMITS.watchShareMs);
  await turn();
  void work("b", 1);
  expect(log.at(-1)).toBe("b");
});
