// The store suite on a store in partitions: what is expected there follows from its capabilities, and everything runs.
import { leapingHarness } from "../support/leaping-harness.ts";
import { partitionedHarness } from "../support/partitioned-harness.ts";
import { storeSuite } from "./store.suite.ts";

const FEW = partitionedHarness({ partitions: 5, hasLaggingStats: false });
const MANY = partitionedHarness({ partitions: 64, hasLaggingStats: false });

storeSuite("memory in 5 partitions", FEW);
storeSuite("memory in 64 partitions with leaping revisions", leapingHarness(MANY));
