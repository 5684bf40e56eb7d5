// Rows of the table in commands.ts: what moves whole stores.
import type { CommandRow } from "./command.ts";

export const STORE_COMMANDS: readonly CommandRow[] = [
  {
    name: "backup",
    aliases: [],
    group: "Stores",
    summary: "Copy a store at one instant into a file, while it is served",
    examples: [
      ["keyhold backup keyhold.db", "of a running server"],
      [
        "keyhold backup --store ./keyhold-data --force keyhold.db",
        "of a store's directory, which a server may be using",
      ],
    ],
    load: async () => (await import("./backup.ts")).BACKUP,
  },
  {
    name: "restore",
    aliases: [],
    group: "Stores",
    summary: "Make a store of a backup",
    examples: [
      ["keyhold restore keyhold.db --store ./keyhold-data", ""],
      ["keyhold restore keyhold.db --store ./keyhold-data --replace", "the store that stands there is moved aside"],
    ],
    load: async () => (await import("./restore.ts")).RESTORE,
  },
  {
    name: "verify",
    aliases: [],
    group: "Stores",
    summary: "Check every entry of a backup, or of a store that may be in use",
    examples: [
      ["keyhold verify keyhold.db", ""],
      ["keyhold verify ./keyhold-data", ""],
    ],
    load: async () => (await import("./verify.ts")).VERIFY,
  },
  {
    name: "export",
    aliases: [],
    group: "Stores",
    summary: "Write all entries as lines of JSON, byte-exact, with a checksum",
    examples: [
      ["keyhold export keyhold.ndjson", ""],
      ["keyhold export --prefix jobs/ - | gzip > jobs.ndjson.gz", ""],
      ["keyhold export --from keyhold.db keyhold.ndjson", "out of a backup"],
    ],
    load: async () => (await import("./export.ts")).EXPORT,
  },
  {
    name: "import",
    aliases: [],
    group: "Stores",
    summary: "Put the entries of an export",
    examples: [
      ["keyhold import keyhold.ndjson", ""],
      ["keyhold import keyhold.ndjson --resume", "where an earlier one was broken off"],
      ["keyhold import keyhold.ndjson --store ./keyhold-data --on-conflict skip", ""],
    ],
    load: async () => (await import("./import.ts")).IMPORT,
  },
  {
    name: "copy",
    aliases: [],
    group: "Stores",
    summary: "Move a store to another place or engine, and compare both by reading them",
    examples: [
      ["keyhold copy ./keyhold-data valkey+cluster://10.0.0.1,10.0.0.2,10.0.0.3 --resume copy.place", ""],
      ["keyhold copy ./keyhold-data valkey://10.0.0.1 --store-password-file valkey.password --follow", ""],
      ["keyhold copy valkey+sentinel://10.0.0.1,10.0.0.2,10.0.0.3/main ./keyhold-data", ""],
      ["keyhold copy http://127.0.0.1:3000 ./keyhold-data --from-token-file admin.token", ""],
      ["keyhold copy ./keyhold-data http://127.0.0.1:5000 --verify-only", ""],
    ],
    load: async () => (await import("./copy.ts")).COPY,
  },
];
