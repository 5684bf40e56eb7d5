// A copy or an import that is killed has put a part, each entry of it as it is in the source; resumed, it has put all.
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Held } from "../../support/filled-store.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { KEYHOLD, startServerProcess } from "../../support/server-process.ts";
import { dropEntryOf, fillNew, heldInDirectory, isPart, isSame } from "./held-entries.ts";
import type { Work } from "./interrupted.ts";

export async function makeCopies(parent: string, random: SeededRandom): Promise<Work> {
  const sound = join(parent, "sound");
  const held = await fillNew(sound, random);
  const command = (directory: string) => [
    ...[...KEYHOLD, "copy", sound, target(directory)],
    ...["--resume", join(directory, "copy.place")],
  ];
  return {
    ...judging(held),
    begin: async (directory) => command(directory),
    // One that was killed on its last steps has put all, and has removed its place: who runs it again is asked to mean it.
    again(directory) {
      const isBegun = existsSync(join(directory, "copy.place")) || !existsSync(target(directory));
      return [...command(directory), ...(isBegun ? [] : ["--into-existing"])];
    },
  };
}

export async function makeImports(parent: string, random: SeededRandom): Promise<Work> {
  const [sound, whole] = [join(parent, "sound"), join(parent, "whole.ndjson")];
  const held = await fillNew(sound, random);
  const server = await startServerProcess(["--store", sound]);
  writeFileSync(whole, await (await fetch(`${server.url}/-/export`)).bytes());
  server.kill("SIGTERM");
  await server.exited;
  const file = (directory: string) => join(directory, "a.ndjson");
  const command = (directory: string, ...more: readonly string[]) => [
    ...[...KEYHOLD, "import", file(directory), "--store", target(directory), ...more],
  ];
  return {
    ...judging(held),
    async begin(directory) {
      copyFileSync(whole, file(directory));
      return command(directory);
    },
    again: (directory) => command(directory, ...(existsSync(`${file(directory)}.progress`) ? ["--resume"] : [])),
  };
}

function target(directory: string): string {
  return join(directory, "target");
}

function judging(held: readonly Held[]): Pick<Work, "judgeLeft" | "judgeEnd" | "dropEntry"> {
  return {
    async judgeLeft(directory) {
      if (!existsSync(join(target(directory), "keyhold.db"))) return [];
      return isPart(await heldInDirectory(target(directory)), held) ? [] : ["it holds what the source does not"];
    },
    async judgeEnd(directory) {
      return isSame(await heldInDirectory(target(directory)), held) ? [] : ["it does not hold what the source holds"];
    },
    dropEntry: async (directory) => dropEntryOf(target(directory)),
  };
}
