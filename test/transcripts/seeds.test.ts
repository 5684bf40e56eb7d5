// The seed documents on every engine that needs no server of its own, and on a store in partitions.
import { MEMORY_CAPABILITIES } from "../../src/engines/memory/capabilities.ts";
import { sqliteCapabilities } from "../../src/engines/sqlite/capabilities.ts";
import { leapingHarness } from "../support/leaping-harness.ts";
import { steadyPartitions } from "../support/partitioned-harness.ts";
import { seedProcess, seedServerOver } from "../support/seed-servers.ts";
import { seedsSuite } from "./seeds.suite.ts";

const ON_SQLITE = seedProcess((directory) => ["--store", `sqlite:${directory}/store`]);
const IN_MEMORY = seedProcess(() => ["--store", "memory:"]);

seedsSuite("sqlite", ON_SQLITE, sqliteCapabilities("full"));
seedsSuite("memory", IN_MEMORY, MEMORY_CAPABILITIES);
// The store outlives the server here, and nothing else.
seedsSuite("64 partitions", seedServerOver(leapingHarness(steadyPartitions(64))), {
  atomicity: "partition",
  durability: "process-crash",
});
