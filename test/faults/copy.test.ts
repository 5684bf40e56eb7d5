// A copy that is killed with -9 wherever it is, and run again by the same line: what TO holds then is what FROM holds.
// KILLS=100 runs it longer; ENTRIES=1000000 makes the store larger; SEED= repeats its choices.
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillStore, heldIn, withStoreIn } from "../support/filled-store.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const KILLS = Number(process.env["KILLS"] ?? 3);
const ENTRIES = Number(process.env["ENTRIES"] ?? 30_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test(
  `a copy killed ${KILLS} times and run again ends with the same entries (SEED=${SEED})`,
  async () => {
    await withTemporaryDirectory(async (directory) => {
      const random = makeSeededRandom(SEED);
      const [from, to, place] = [join(directory, "from"), join(directory, "to"), join(directory, "copy.place")];
      await withStoreIn(from, (store) => fillStore(store, random, ENTRIES));
      const start = () =>
        Bun.spawn([process.execPath, MAIN, "copy", from, to, "--resume", place, "--json"], {
          stdout: "pipe",
          stderr: "pipe",
          env: { PATH: process.env["PATH"] ?? "" },
        });
      let kills = 0;
      let resumed = 0;
      for (; kills < KILLS; kills++) {
        const copy = start();
        const before = placeIn(place);
        // Together less than all, so that there is something left for the last run.
        const more = 1 + random.below(Math.floor(ENTRIES / (KILLS + 2)));
        while (placeIn(place) < before + more && copy.exitCode === null) await new Promise(setImmediate);
        // It has come to its end while this process waited for its turn.
        if (copy.exitCode === 0) break;
        expect(copy.exitCode).toBeNull();
        copy.kill("SIGKILL");
        await copy.exited;
        if (placeIn(place) > 0) resumed++;
      }
      const last = start();
      const [output, complaints] = await Promise.all(
        [new Response(last.stdout), new Response(last.stderr)].map((each) => each.text()),
      );
      expect([await last.exited, complaints]).toEqual([0, expect.any(String)]);
      const report = JSON.parse(output ?? "");
      expect(report.same).toBe(true);
      expect(kills).toBeGreaterThan(0);
      expect(resumed).toBe(kills);
      expect(existsSync(place)).toBe(false);
      expect(report.comparison.source.entries).toBe(ENTRIES);
      if (ENTRIES <= 100_000) {
        const held = (path: string) => withStoreIn(path, heldIn);
        expect(Bun.deepEquals(await held(to), await held(from))).toBe(true);
      }
      console.log(`copy: SEED=${SEED}, ${ENTRIES} entries, ${kills} kills, the last run took ${report.seconds} s`);
    });
  },
  60_000 + ENTRIES,
);

/** Entries that are copied for certain; 0 before the first, and once all are. */
function placeIn(file: string): number {
  try {
    const { counts } = JSON.parse(readFileSync(file, "utf8"));
    return counts.imported;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}
