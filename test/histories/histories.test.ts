// Random histories on every engine that needs no server of its own, and on stores like no engine, for the comparison itself.
import { openSqliteStore } from "../../src/engines/sqlite/store.ts";
import { leapingHarness } from "../support/leaping-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { steadyPartitions } from "../support/partitioned-harness.ts";
import { sqliteOptions } from "../support/sqlite-harness.ts";
import { requireSoundDatabase } from "../support/sqlite-invariants.ts";
import { type MakeStore, ROOMY } from "../support/store-harness.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { historiesSuite, type WithHistoryEngine } from "./histories.suite.ts";
import { INCARNATION } from "./history-requests.ts";

const STEPS = 300;
/** HISTORIES=40 runs more of them. */
const HISTORIES = Number(process.env["HISTORIES"] ?? 16);

const withSqlite: WithHistoryEngine = (body) =>
  withTemporaryDirectory((directory) =>
    body({
      open: () => openSqliteStore({ ...sqliteOptions(directory), newIncarnation: INCARNATION }),
      inspect: () => requireSoundDatabase(directory),
      isLasting: true,
      sweepsWhenOpened: true,
      isExact: true,
    }),
  );

function withHarness(make: MakeStore): WithHistoryEngine {
  return (body) =>
    body({
      open: async () => (await make(ROOMY)).store,
      inspect: () => {},
      isLasting: false,
      sweepsWhenOpened: false,
      isExact: false,
    });
}

historiesSuite("SQLite", withSqlite, { histories: HISTORIES, steps: STEPS });
historiesSuite("leaping revisions", withHarness(leapingHarness(makeMemoryHarness)), {
  histories: HISTORIES / 2,
  steps: STEPS,
});
historiesSuite("64 partitions", withHarness(leapingHarness(steadyPartitions(64))), {
  histories: HISTORIES / 2,
  steps: STEPS,
});
