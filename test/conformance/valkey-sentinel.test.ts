// The Valkey engine keeps the contract of a store on a primary that Sentinels watch over.
import { nameOf, startBeforehand, valkeyHarness } from "../support/valkey-harness.ts";
import { storeSuite } from "./store.suite.ts";

startBeforehand("sentinel");

const SETTING = { topology: "sentinel", partitions: 1 } as const;

storeSuite(nameOf(SETTING), valkeyHarness(SETTING));
