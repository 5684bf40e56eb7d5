// Every method by its subcommand. A new one is a file that exports a Method, a row here, and a test that hands it to suite.ts.
import { acknowledgements } from "./acknowledgements/acknowledgements.ts";
import { bitFlips } from "./bit-flips/bit-flips.ts";
import { clock } from "./clock.ts";
import { crashStates } from "./crash-states/crash-states.ts";
import { descriptors } from "./descriptors/descriptors.ts";
import { diskErrors } from "./disk-errors/disk-errors.ts";
import { failover } from "./failover.ts";
import { fullDisk } from "./full-disk.ts";
import { fuzz } from "./fuzz/fuzz.ts";
import { interrupted } from "./interrupted/interrupted.ts";
import { kill } from "./kill.ts";
import { linearizability } from "./linearizability/linearizability.ts";
import { memory } from "./memory/memory.ts";
import type { Method } from "./method.ts";
import { model } from "./model.ts";
import { partition } from "./partition.ts";
import { powerCut } from "./power-cut/power-cut.ts";
import { replacedFiles } from "./replaced-files.ts";
import { secondServer } from "./second-server.ts";
import { slowClients } from "./slow-clients/slow-clients.ts";
import { soak } from "./soak/soak.ts";
import { supplyChain } from "./supply-chain/supply-chain.ts";
import { transactions } from "./transactions/transactions.ts";
import { wire } from "./wire/wire.ts";

export const METHODS: readonly Method[] = [
  acknowledgements,
  bitFlips,
  clock,
  crashStates,
  descriptors,
  diskErrors,
  failover,
  fullDisk,
  fuzz,
  interrupted,
  kill,
  linearizability,
  memory,
  model,
  partition,
  powerCut,
  replacedFiles,
  secondServer,
  slowClients,
  soak,
  supplyChain,
  transactions,
  wire,
];
