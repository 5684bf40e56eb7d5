// Stores of each older format, whose opening migrates them: killed in the middle they are of the old format or of the new one, with
// every entry.
import { Database } from "bun:sqlite";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPragma } from "../../../src/engines/sqlite/database.ts";
import { FORMAT_VERSION, storeFiles } from "../../../src/engines/sqlite/layout.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { requireSoundDatabase } from "../../support/sqlite-invariants.ts";
import { dropEntryOf, fillNew, heldInDirectory, isSame } from "./held-entries.ts";
import type { Work } from "./interrupted.ts";

const STEPS_BACK: Readonly<Record<number, readonly string[]>> = {
  3: ["alter table state drop column checksum", "alter table changes drop column checksum"],
  2: ["drop table tokens"],
  1: [
    "drop table idempotency_records",
    "alter table state drop column records",
    "alter table state drop column record_bytes",
  ],
};
const OPEN = `
  const { openSqliteStore } = await import(process.argv[1]);
  const { sqliteOptions } = await import(process.argv[2]);
  await (await openSqliteStore(sqliteOptions(process.argv[3]))).close();`;
const OPENER = [
  process.execPath,
  "-e",
  OPEN,
  fileURLToPath(new URL("../../../src/engines/sqlite/store.ts", import.meta.url)),
  fileURLToPath(new URL("../../support/sqlite-harness.ts", import.meta.url)),
];

export async function makeMigrations(parent: string, random: SeededRandom): Promise<Work> {
  const sound = join(parent, "sound");
  const held = await fillNew(sound, random);
  const store = (directory: string) => join(directory, "store");
  return {
    async begin(directory, round) {
      cpSync(sound, store(directory), { recursive: true });
      goBack(store(directory), formatOfRound(round));
      return [...OPENER, store(directory)];
    },
    // A migration is one transaction, whatever the distance.
    async judgeLeft(left, round) {
      const [found, before] = [formatOf(store(left)), formatOfRound(round)];
      return found === before || found === FORMAT_VERSION ? [] : [`its format is ${found}, and was ${before}`];
    },
    again: async (directory) => [...OPENER, store(directory)],
    async judgeEnd(directory) {
      if (formatOf(store(directory)) !== FORMAT_VERSION) return ["it is not migrated"];
      requireSoundDatabase(store(directory));
      return isSame(await heldInDirectory(store(directory)), held) ? [] : ["its entries are not what they were"];
    },
    dropEntry: async (directory) => dropEntryOf(store(directory)),
  };
}

function formatOfRound(round: number): number {
  return 1 + (round % (FORMAT_VERSION - 1));
}

function goBack(directory: string, format: number): void {
  const db = new Database(storeFiles(directory).database);
  for (let version = FORMAT_VERSION - 1; version >= format; version--) {
    for (const statement of STEPS_BACK[version] ?? []) db.run(statement);
  }
  db.run(`pragma user_version = ${format}`);
  db.close(true);
}

/** With what stands in its log. */
function formatOf(directory: string): number {
  const db = new Database(storeFiles(directory).database);
  try {
    return Number(readPragma(db, "user_version"));
  } finally {
    db.close(true);
  }
}
