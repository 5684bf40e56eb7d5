// The commands that move whole stores: rows of the table in run.ts.
import { declareBackup, runBackup } from "./backup.ts";
import type { CommandRow } from "./command.ts";
import { declareExport, runExport } from "./export.ts";
import { declareImport, runImport } from "./import.ts";
import { PLACE_NOTE } from "./place.ts";
import { declareRestore, runRestore } from "./restore.ts";
import { declareVerify, runVerify } from "./verify.ts";

export const TRANSFER_COMMANDS: readonly CommandRow[] = [
  {
    name: "backup",
    summary: "Copy a store at one instant into a file, while it is served",
    examples: ["keyhold backup keyhold.db", "keyhold backup --store ./keyhold-data --force keyhold.db"],
    notes: PLACE_NOTE,
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
    notes: "",
    declareFlags: declareRestore,
    run: runRestore,
  },
  {
    name: "verify",
    summary: "Check every entry of a backup, or of a store that may be in use",
    examples: ["keyhold verify keyhold.db", "keyhold verify ./keyhold-data"],
    notes: "",
    declareFlags: declareVerify,
    run: runVerify,
  },
  {
    name: "export",
    summary: "Write all entries as lines of JSON, byte-exact, with a checksum",
    examples: [
      "keyhold export keyhold.ndjson",
      "keyhold export --prefix jobs/ - | gzip > jobs.ndjson.gz",
      "keyhold export --from keyhold.db keyhold.ndjson",
    ],
    notes: PLACE_NOTE,
    declareFlags: declareExport,
    run: runExport,
  },
  {
    name: "import",
    summary: "Put the entries of an export",
    examples: [
      "keyhold import keyhold.ndjson",
      "keyhold import keyhold.ndjson --resume",
      "keyhold import keyhold.ndjson --store ./keyhold-data --on-conflict skip",
    ],
    notes: PLACE_NOTE,
    declareFlags: declareImport,
    run: runImport,
  },
];
