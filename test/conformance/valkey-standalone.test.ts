// The Valkey engine keeps the contract of a store on one server.
import { nameOf, startBeforehand, valkeyHarness } from "../support/valkey-harness.ts";
import { storeSuite } from "./store.suite.ts";

startBeforehand("standalone");

const SETTING = { topology: "standalone", partitions: 1 } as const;

storeSuite(nameOf(SETTING), valkeyHarness(SETTING));
