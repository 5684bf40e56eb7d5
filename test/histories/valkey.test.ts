// Random histories and transactions on Valkey: on one server, and in the partitions of a cluster.
import {
  nameOf,
  startBeforehand,
  type ValkeySetting,
  valkeyHarness,
  withValkeyHistory,
} from "../support/valkey-harness.ts";
import { historiesSuite } from "./histories.suite.ts";
import { transactionsSuite } from "./transactions.suite.ts";

const SETTINGS: readonly ValkeySetting[] = [
  { topology: "standalone", partitions: 1 },
  { topology: "cluster", partitions: 64 },
];
const TRANSACTIONS = 1000;

for (const setting of SETTINGS) {
  startBeforehand(setting.topology);
  historiesSuite(nameOf(setting), withValkeyHistory(setting), { histories: 5, steps: 300 });
  transactionsSuite(nameOf(setting), valkeyHarness(setting), TRANSACTIONS);
}
