// Files of a store that are removed, moved, replaced or cut under a server that is being written to. Of the database, the log and
// the lock it must notice and stop with 74; as it wrote to the files that it had opened, those are kept aside, put back after the
// stop, and must hold all that was acknowledged. What SQLite shares between processes may go without any harm at all.
import { withPatience } from "../support/patience.ts";
import type { Findings, Method, Run } from "./method.ts";
import { type Kind, Theft } from "./theft.ts";

/** Where an older copy lacks what was acknowledged since; the database has that from the log. */
const LOG_REMOVED: Kind = { file: "keyhold.db-wal", deed: "removed" };

/** In the order in which they are done, over and over: the short version makes the first. */
const KINDS: readonly Kind[] = [
  { file: "keyhold.db", deed: "removed" },
  LOG_REMOVED,
  { file: "lock.db", deed: "removed" },
  { file: "keyhold.db", deed: "replaced by a copy" },
  { file: "keyhold.db-wal", deed: "moved" },
  { file: "keyhold.db-shm", deed: "removed" },
  { file: "keyhold.db", deed: "moved" },
  { file: "keyhold.db", deed: "replaced by an empty one" },
  { file: "keyhold.db-wal", deed: "replaced by a copy" },
  { file: "keyhold.db-wal", deed: "replaced by an empty one" },
  { file: "lock.db", deed: "moved" },
  { file: "lock.db", deed: "replaced by an empty one" },
  { file: "keyhold.db-shm", deed: "moved" },
  { file: "keyhold.db-shm", deed: "replaced by a copy" },
  { file: "keyhold.db-shm", deed: "replaced by an empty one" },
  { file: "keyhold.db-shm", deed: "cut" },
];

const LANES = 2;
const ROUND_MS_MAX = 120_000;

export const replacedFiles: Method = {
  name: "replaced-files",
  summary:
    "Removes, moves or replaces the database, its log or the lock under writes: the server stops, and nothing is lost",
  unit: "files taken away",
  rounds: { short: 6, long: 96 },
  variants: [],
  plants: [
    {
      name: "put-back",
      summary: "the file is put back before the server looks, so that it goes on",
      finds: /the server still ran/,
      rounds: 1,
    },
    {
      name: "other-file",
      summary: "the log that is put back is a copy from before the writes",
      finds: /was acknowledged and is gone/,
      rounds: 1,
    },
  ],
  lacks: () => null,
  run: async (run) => {
    const thief = new Thief(run);
    await Promise.all(Array.from({ length: LANES }, () => thief.work()));
    return thief.findings();
  },
};

class Thief {
  readonly #run: Run;
  readonly #faults: string[] = [];
  readonly #stopMs: number[] = [];
  #rounds = 0;
  #acknowledged = 0;
  #late = 0;
  #lost = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  async work(): Promise<void> {
    while (this.#rounds < this.#run.rounds && this.#faults.length === 0) {
      const round = this.#rounds++;
      if (round > 0 && round % Math.ceil(this.#run.rounds / 12) === 0) this.#run.say(`${round} files taken away`);
      await this.#runRound(round);
    }
  }

  findings(): Findings {
    this.#stopMs.sort((a, b) => a - b);
    return {
      figures: {
        "acknowledged writes": this.#acknowledged,
        "of them after the fault": this.#late,
        lost: this.#lost,
        "stops with 74": this.#stopMs.length,
        "fault to stop, median ms": Math.round(this.#stopMs[this.#stopMs.length >> 1] ?? 0),
        "fault to stop, slowest ms": Math.round(this.#stopMs.at(-1) ?? 0),
      },
      faults: this.#faults,
    };
  }

  async #runRound(round: number): Promise<void> {
    const kind = this.#run.plant === "other-file" ? LOG_REMOVED : KINDS[round % KINDS.length];
    if (kind === undefined) return;
    const fault = (sentence: string) => {
      this.#faults.push(`Round ${round}, ${kind.file} ${kind.deed}: ${sentence}`);
    };
    const theft = new Theft(this.#run, { round, kind, fault });
    try {
      await withPatience(theft.commit(), { ms: ROUND_MS_MAX, what: "The round" });
    } catch (error) {
      if (this.#run.plant !== null) throw error;
      fault(error instanceof Error ? error.message : String(error));
    } finally {
      await theft.end();
    }
    this.#acknowledged += theft.acknowledged;
    this.#late += theft.late;
    this.#lost += theft.lost;
    if (theft.stopMs !== null) this.#stopMs.push(theft.stopMs);
  }
}
