// A copy or an import that is killed has put a part, each entry of it as it is in the source; resumed, it has put all.
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Held } from "../../support/filled-store.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { KEYHOLD, startServerProcess } from "../../support/server-process.ts";
import { dropEntryOf, fillNew, heldInDirectory, isPart, isSame } from "./held-entries.ts";
import type { Work } from "./interrupted.ts";

/** How far a copy has come. */
const PLACE = "copy.place";
const NOT_OF_SOURCE = "it holds what the source does not";

export async function makeCopies(parent: string, random: SeededRandom): Promise<Work> {
  const sound = join(parent, "sound");
  const held = await fillNew(sound, random);
  const command = (directory: string) => [
    ...[...KEYHOLD, "copy", sound, target(directory)],
    ...["--resume", join(directory, PLACE)],
  ];
  return {
    ...judging(held),
    begin: async (directory) => command(directory),
    // The place is there before the first entry is put, and until all are: without it a copy of a part could not go on.
    async judgeLeft(left) {
      const found = await heldInTarget(left);
      if (!isPart(found, held)) return [NOT_OF_SOURCE];
      const isBetween = found.length > 0 && found.length < held.length;
      return isBetween && !hasPlace(left) ? ["it holds a part, and its place is gone"] : [];
    },
    // One that was killed on its last steps has put all, and has removed its place: who runs it again is asked to mean it.
    async again(directory, left) {
      const isWhole = !hasPlace(directory) && (await heldInTarget(left)).length > 0;
      return [...command(directory), ...(isWhole ? ["--into-existing"] : [])];
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
    again: async (directory) => command(directory, ...(existsSync(`${file(directory)}.progress`) ? ["--resume"] : [])),
  };
}

function target(directory: string): string {
  return join(directory, "target");
}

/** Nothing where there is no store yet. */
async function heldInTarget(directory: string): Promise<readonly Held[]> {
  return existsSync(join(target(directory), "keyhold.db")) ? await heldInDirectory(target(directory)) : [];
}

function hasPlace(directory: string): boolean {
  return existsSync(join(directory, PLACE));
}

function judging(held: readonly Held[]): Pick<Work, "judgeLeft" | "judgeEnd" | "dropEntry"> {
  return {
    judgeLeft: async (left) => (isPart(await heldInTarget(left), held) ? [] : [NOT_OF_SOURCE]),
    async judgeEnd(directory) {
      return isSame(await heldInDirectory(target(directory)), held) ? [] : ["it does not hold what the source holds"];
    },
    dropEntry: async (directory) => dropEntryOf(target(directory)),
  };
}
