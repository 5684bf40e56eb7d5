// A backup that is killed leaves no file of the final name, or a whole one; a restore that is killed leaves the old store or the new one.
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { backUpDirectory, check } from "../../../src/engines/archive.ts";
import { withStoreIn } from "../../support/filled-store.ts";
import { mustCommit, put } from "../../support/requests.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { KEYHOLD } from "../../support/server-process.ts";
import { dropEntryIn, dropEntryOf, fillNew, heldInBackup, heldInDirectory, isSame } from "./held-entries.ts";
import type { Work } from "./interrupted.ts";

const UNWATCHED = { onProgress: () => {}, signal: new AbortController().signal };

export function makeBackups(kind: "backup" | "restore") {
  return kind === "backup" ? makeBackup : makeRestore;
}

async function makeBackup(parent: string, random: SeededRandom): Promise<Work> {
  const sound = join(parent, "sound");
  const held = await fillNew(sound, random);
  const file = (directory: string) => join(directory, "copy.db");
  const command = (directory: string) => [...KEYHOLD, "backup", file(directory), "--store", sound, "--force"];
  const judge = async (directory: string) => {
    const { problems } = await check({ file: file(directory) }, UNWATCHED);
    return isSame(heldInBackup(file(directory)), held)
      ? problems
      : [...problems, "it does not hold what the store holds"];
  };
  return {
    begin: async (directory) => command(directory),
    judgeLeft: async (left) => (existsSync(file(left)) ? judge(left) : []),
    again: async (directory) => command(directory),
    judgeEnd: judge,
    dropEntry: async (directory) => dropEntryIn(file(directory)),
  };
}

async function makeRestore(parent: string, random: SeededRandom): Promise<Work> {
  const [sound, file] = [join(parent, "sound"), join(parent, "copy.db")];
  const held = await fillNew(sound, random);
  await backUpDirectory(sound, file, UNWATCHED);
  await withStoreIn(sound, (store) => mustCommit(store, put("written-since")));
  const old = await heldInDirectory(sound);
  const target = (directory: string) => join(directory, "store");
  const command = (directory: string) => [...KEYHOLD, "restore", file, "--store", target(directory), "--replace"];
  return {
    async begin(directory) {
      cpSync(sound, target(directory), { recursive: true });
      return command(directory);
    },
    async judgeLeft(left) {
      const found = await heldInDirectory(target(left));
      return isSame(found, old) || isSame(found, held) ? [] : ["it is neither the old store nor the new one"];
    },
    again: async (directory) => command(directory),
    async judgeEnd(directory) {
      return isSame(await heldInDirectory(target(directory)), held) ? [] : ["it does not hold what the backup holds"];
    },
    dropEntry: async (directory) => dropEntryOf(target(directory)),
  };
}
