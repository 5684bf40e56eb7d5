// The commands that move whole stores: rows of the table in run.ts.
import { declareBackup, runBackup } from "./backup.ts";
import { PLACE_NOTE } from "./place.ts";
import { declareRestore, runRestore } from "./restore.ts";
import type { CommandRow } from "./run.ts";
import { declareVerify, runVerify } from "./verify.ts";

export const TRANSFER_COMMANDS: readonly CommandRow[] = [
  {
    name: "backup",
    summary: "Copy a store at one instant into a file, while it is served",
    examples: ["keyhold backup keyhold.db", "keyhold backup --store ./keyhold-data --force keyhold.db"],
    note: PLACE_NOTE,
    declareFlags: declareBackup,
    run: runBackup,
  },
  {
    name: "restore",
    summary: "Make a store of a backup",
    examples: [
      "keyhold restore keyhold.db --store ./keyhold-data",
      "keyhold restore keyhold.db --store ./keyhold-data --replace",
    ],
    note: "",
    declareFlags: declareRestore,
    run: runRestore,
  },
  {
    name: "verify",
    summary: "Check every entry of a backup, or of a store that may be in use",
    examples: ["keyhold verify keyhold.db", "keyhold verify ./keyhold-data"],
    note: "",
    declareFlags: declareVerify,
    run: runVerify,
  },
];
