// Where the scripts of the Valkey engine could come apart from what the contract says: names of writes that are used again,
// values that are damaged, values whose form nobody has looked at, and what one request may make the server read.
import { afterAll, describe, expect, test } from "bun:test";
import { makeBatch, type Once, UNNAMED } from "../../src/core/batch.ts";
import type { ValkeyStoreOptions } from "../../src/engines/valkey/open.ts";
import type { ValkeyStore } from "../../src/engines/valkey/store.ts";
import { pollUntil } from "../support/poll-until.ts";
import { add, keyOf, mustCommit, put, textOf } from "../support/requests.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

const PATIENCE = { ms: 10_000, intervalMs: 2 };
/** Longer than any test. */
const NEVER_MS = 3_600_000;
const { node, stop } = await startStandalone();
afterAll(stop);
let prefixes = 0;

/** A store under a prefix of its own. */
async function withStore(
  body: (store: ValkeyStore, prefix: string) => Promise<void>,
  changed: Partial<ValkeyStoreOptions> = {},
): Promise<void> {
  const prefix = `edges${prefixes++}`;
  const store = await openTestStore({ topology: "standalone", seeds: [node.address] }, { prefix, ...changed });
  try {
    await body(store, prefix);
  } finally {
    await store.close();
  }
}

function onceOf(store: ValkeyStore): Once {
  return { id: "0".repeat(64), fingerprint: "1".repeat(64), at: store.now() };
}

describe("the records of named writes", () => {
  test("are counted once under a name that is used again when it has been forgotten", async () => {
    await withStore(
      async (store) => {
        const commitNamed = () => store.commit(makeBatch([put("a")]), { ...UNNAMED, once: onceOf(store) });
        // The first creates: its record is of another length than those that replace.
        await mustCommit(store, put("a"));
        await commitNamed();
        const { records, recordBytes } = store.stats();
        for (let round = 0; round < 3; round++) {
          await pollUntil(async () => (await store.recall(onceOf(store).id)) === null, {
            ...PATIENCE,
            what: () => "Never forgotten",
          });
          expect(await commitNamed()).toMatchObject({ committed: true, isReplay: false });
        }
        expect(store.stats()).toMatchObject({ records, recordBytes });
      },
      { sweepIntervalMs: NEVER_MS, idempotencyAgeMs: 5 },
    );
  });
});

describe("a counter", () => {
  test("is never minus zero", async () => {
    await withStore(async (store) => {
      await mustCommit(store, add("n", -0, { initial: -0 }));
      expect(textOf((await store.get(keyOf("n")))?.value)).toBe("0");
    });
  });
});
