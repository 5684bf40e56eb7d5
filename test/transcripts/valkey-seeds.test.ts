// The seed documents on Valkey: alone, with Sentinels, as a cluster of one partition and of many.
import { valkeyCapabilities } from "../../src/engines/valkey/capabilities.ts";
import { nameOf, startBeforehand, type ValkeySetting, valkeySeedProcess } from "../support/valkey-harness.ts";
import { seedsSuite } from "./seeds.suite.ts";

const SETTINGS: readonly ValkeySetting[] = [
  { topology: "standalone", partitions: 1 },
  { topology: "sentinel", partitions: 1 },
  { topology: "cluster", partitions: 1 },
  { topology: "cluster", partitions: 64 },
];

for (const setting of SETTINGS) {
  startBeforehand(setting.topology);
  seedsSuite(nameOf(setting), valkeySeedProcess(setting), valkeyCapabilities(setting.partitions, "applied"));
}
