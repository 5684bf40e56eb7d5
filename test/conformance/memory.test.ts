// The memory engine keeps the contract.
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("memory", makeMemoryHarness);
