// The follower of the log, where the store is away for a while.
import { expect, test } from "bun:test";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { mustCommit, put } from "../../../test/support/requests.ts";
import { ROOMY } from "../../../test/support/store-harness.ts";
import { makeTurnableTimers } from "../../../test/support/turnable-timers.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { Capabilities, Store } from "../../store/store.ts";
import { TailFollower } from "./follower.ts";

/** Follows a memory store that is away for its first reads, and turns the clock until there is news or a failure. */
async function follow(away: { readonly reads: number; readonly servers: Capabilities["servers"] }) {
  const { store, step, close } = await makeMemoryHarness(ROOMY);
  const timers = makeTurnableTimers(store.now);
  const seen: string[] = [];
  let failure: unknown = null;
  let reads = 0;
  const unsteady: Store = Object.assign(Object.create(store), {
    capabilities: { ...store.capabilities, servers: away.servers },
    changes: async (...args: Parameters<Store["changes"]>) => {
      if (reads++ < away.reads) throw new KeyholdError("unavailable", "Away");
      return store.changes(...args);
    },
    onChange: (wake: () => void) => store.onChange(wake),
  });
  const follower = new TailFollower(
    {
      store: unsteady,
      timers,
      changesMax: 100,
      onRead: (changes) => seen.push(...changes.map(({ key }) => String(key))),
      onGap: () => {},
      onFailure: (error) => {
        failure = error;
      },
    },
    await store.latestCursor(),
  );
  await mustCommit(store, put("a"));
  for (let turns = 0; turns < 20_000 && seen.length === 0 && failure === null; turns++) {
    await step();
    timers.runDue();
    await new Promise(setImmediate);
  }
  follower.close();
  await close();
  return { seen, failure };
}

test("a store on other servers may be away for a while: the follower goes on when it is back", async () => {
  expect(await follow({ reads: 5, servers: "many" })).toEqual({ seen: ["a"], failure: null });
});

test("a store that stays away fails the follower", async () => {
  const { seen, failure } = await follow({ reads: Number.POSITIVE_INFINITY, servers: "many" });
  expect(seen).toEqual([]);
  expect(failure).toMatchObject({ code: "unavailable" });
});

test("a store of this process that is away fails the follower at once", async () => {
  expect((await follow({ reads: 1, servers: "one" })).failure).toMatchObject({ code: "unavailable" });
});
