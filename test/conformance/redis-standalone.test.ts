// The Valkey engine keeps the contract of a store on Redis, of whose versions Debian's 7.0 is the oldest that it takes.
import { afterAll } from "bun:test";
import { requireCommand } from "../support/required-command.ts";
import { harnessAt } from "../support/valkey-harness.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { storeSuite } from "./store.suite.ts";

const { node, stop } = await startStandalone({ program: requireCommand("redis-server", "redis-server") });
afterAll(stop);

storeSuite(
  "redis standalone, 1 partition",
  harnessAt(async () => ({ topology: "standalone", seeds: [node.address] }), 1),
);
