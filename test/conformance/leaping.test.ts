// The store suite itself assumes no form of revisions, tags and cursors: it passes where they are like no engine's.
import { leapingHarness } from "../support/leaping-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("memory with leaping revisions", leapingHarness(makeMemoryHarness));
