// Random transactions on the engines that need no server of their own, and on a store in partitions.
import { expect, test } from "bun:test";
import { withSqliteServer } from "../support/http-harness.ts";
import { leapingHarness } from "../support/leaping-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { steadyPartitions } from "../support/partitioned-harness.ts";
import { drawTwins } from "../support/random-operations.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import { makeSqliteHarness } from "../support/sqlite-harness.ts";
import { msMax, SEED, StoreNames, startReader, TRANSACTIONS, transactionsSuite } from "./transactions.suite.ts";

transactionsSuite("memory", makeMemoryHarness, TRANSACTIONS);
transactionsSuite("SQLite", makeSqliteHarness, TRANSACTIONS);
transactionsSuite("16 partitions with leaping revisions", leapingHarness(steadyPartitions(16)), TRANSACTIONS / 5);

test(
  "a reader on another connection never sees half of a transaction",
  async () => {
    await withSqliteServer(async ({ http }) => {
      const names = new StoreNames("");
      const readers = [1, 2].map(() => startReader(http, { names, hasSnapshots: true }));
      const random = makeSeededRandom(SEED);
      const writer = async () => {
        for (let step = 0; step < 150; step++) {
          const body = JSON.stringify({ ops: drawTwins(random) });
          const { status } = await (random.oneIn(3)
            ? http.mergePatch("/keys", `{"twin1": ${step}, "twin2": ${step}}`)
            : http.postJson("/-/txn", body));
          expect(status).toBe(200);
        }
      };
      await Promise.all(Array.from({ length: 4 }, writer));
      for (const reader of readers) {
        const { reads, halves } = await reader.stop();
        expect(halves).toEqual([]);
        expect(reads).toBeGreaterThan(10);
      }
    });
  },
  msMax(TRANSACTIONS),
);
