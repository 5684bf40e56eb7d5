// The handlers keep the HTTP contract over a store in partitions, whose revisions, tags and cursors are like no engine's.
import { withAppOver } from "../support/http-harness.ts";
import { leapingHarness } from "../support/leaping-harness.ts";
import { steadyPartitions } from "../support/partitioned-harness.ts";
import { httpSuite } from "./http.suite.ts";

httpSuite("http in process, 64 partitions with leaping revisions", withAppOver(leapingHarness(steadyPartitions(64))));
