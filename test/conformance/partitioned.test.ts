// The store suite on a store in partitions: what is expected there follows from its capabilities, and everything runs.
import { leapingHarness } from "../support/leaping-harness.ts";
import { steadyPartitions } from "../support/partitioned-harness.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("memory in 5 partitions", steadyPartitions(5));
storeSuite("memory in 64 partitions with leaping revisions", leapingHarness(steadyPartitions(64)));
