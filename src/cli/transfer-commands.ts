// The commands that move whole stores: rows of the table in run.ts.
import { declareBackup, runBackup } from "./backup.ts";
import type { CommandRow } from "./command.ts";
import { declareCopy, runCopy } from "./copy.ts";
import { declareExport, runExport } from "./export.ts";
import { declareImport, runImport } from "./import.ts";
import { PLACE_NOTE } from "./place.ts";
import { declareRestore, runRestore } from "./restore.ts";
import { declareVerify, runVerify } from "./verify.ts";

const COPY_NOTE = `
FROM may be served meanwhile. What is written to it while it is copied may be missed, and the comparison at the end
says so, by exit code 65; stop the writes, or give --follow. TO must be empty, or --into-existing be given.
The options of the store hold for the sides on Valkey; a side whose URL names user or password has those.`;

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
  {
    name: "copy",
    summary: "Move a store to another place or engine, and compare both by reading them",
    examples: [
      "keyhold copy ./keyhold-data valkey+cluster://10.0.0.1,10.0.0.2,10.0.0.3 --resume copy.place",
      "keyhold copy ./keyhold-data valkey://10.0.0.1 --store-password-file valkey.password --follow",
      "keyhold copy valkey+sentinel://10.0.0.1,10.0.0.2,10.0.0.3/main ./keyhold-data",
      "keyhold copy http://127.0.0.1:3000 ./keyhold-data --from-token-file admin.token",
      "keyhold copy ./keyhold-data http://127.0.0.1:5000 --verify-only",
    ],
    notes: COPY_NOTE,
    declareFlags: declareCopy,
    run: runCopy,
  },
];
