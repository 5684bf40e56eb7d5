// The handlers keep the HTTP contract where revisions, tags and cursors are like no engine's.
import { withAppOver } from "../support/http-harness.ts";
import { leapingHarness } from "../support/leaping-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { httpSuite } from "./http.suite.ts";

httpSuite("http in process, leaping revisions", withAppOver(leapingHarness(makeMemoryHarness)));
