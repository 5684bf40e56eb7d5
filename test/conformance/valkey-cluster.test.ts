// The Valkey engine keeps the contract of a store on a cluster: in one partition, and in as many as it has there by default.
import { nameOf, startBeforehand, valkeyHarness } from "../support/valkey-harness.ts";
import { storeSuite } from "./store.suite.ts";

startBeforehand("cluster");

for (const partitions of [1, 64]) {
  const setting = { topology: "cluster", partitions } as const;
  storeSuite(nameOf(setting), valkeyHarness(setting));
}
