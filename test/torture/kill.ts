// kill -9 under 64 writing connections: what was acknowledged is there after every restart, what was refused is not, what was never
// answered is there whole or not at all, and nothing is there that nobody sent. Three stores at once, as most of a round is waiting.
import { statSync, truncateSync } from "node:fs";
import { removeEntries } from "../support/forged-database.ts";
import { readHeld } from "../support/held-values.ts";
import { startLyingProxy } from "../support/lying-proxy.ts";
import { withPatience } from "../support/patience.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { KEYHOLD, SERVE, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { WriteOracle } from "../support/write-oracle.ts";
import { writeUntilKilled } from "./kill-load.ts";
import type { Findings, Method, Run } from "./method.ts";

const LANES = 3;
const ROUND_MS_MAX = 120_000;
/** Every so many rounds values are so long that the log is brought in while they are written. */
const BULK_ROUNDS = 5;
/** One in so many restarts is killed as well, before it listens. */
const DOUBLE_KILLS = 8;
const START_MS = 250;
/** From so many rounds on, each has as many acknowledged writes as the figures need. */
const LONG_ROUNDS = 100;

export const kill: Method = {
  name: "kill",
  summary: "kill -9 under load: no acknowledged write is lost, no refused one appears, no half of one is there",
  unit: "kills",
  rounds: { short: 12, long: 1000 },
  variants: [],
  plants: [
    {
      name: "cut-log",
      summary: "the second half of the log is gone before the restart",
      finds: /acknowledged \S+, found /,
      rounds: 4,
    },
    {
      name: "removed-write",
      summary: "an acknowledged write is taken out of the database before the restart",
      finds: /acknowledged \S+, found /,
      rounds: 2,
    },
    {
      name: "early-acknowledgement",
      summary: "some writes are acknowledged before the server has them",
      finds: /acknowledged \S+, found /,
      rounds: 4,
    },
    {
      name: "false-refusal",
      summary: "some writes are answered 503 and are made all the same",
      finds: /which was refused/,
      rounds: 2,
    },
  ],
  lacks: () => null,
  run: async (run) => {
    const state = new KillState(run);
    await Promise.all(Array.from({ length: LANES }, (_, lane) => runLane(state, lane)));
    return state.findings();
  },
};

/** What the lanes share. */
class KillState {
  readonly run: Run;
  readonly faults: string[] = [];
  readonly oracles: WriteOracle[] = [];
  readonly readyMs: number[] = [];
  #unserved = 0;
  readonly #startedAt = performance.now();
  doubleKills = 0;
  lost = 0;
  #rounds = 0;

  constructor(run: Run) {
    this.run = run;
  }

  /** The number of the next round; null where there is none. */
  takeRound(): number | null {
    if (this.faults.length > 0 || this.#rounds >= this.run.rounds) return null;
    const every = Math.ceil(this.run.rounds / 12);
    if (this.#rounds > 0 && this.#rounds % every === 0) {
      this.run.say(
        `${this.#rounds} kills, ${this.#sum(({ acknowledgements }) => acknowledgements)} acknowledged writes`,
      );
    }
    return this.#rounds++;
  }

  findings(): Findings {
    this.readyMs.sort((a, b) => a - b);
    const at = (share: number) => Math.round(this.readyMs[Math.floor(this.readyMs.length * share)] ?? 0);
    const acknowledged = this.#sum(({ acknowledgements }) => acknowledgements);
    return {
      figures: {
        "acknowledged writes": acknowledged,
        lost: this.lost,
        "refused writes": this.#sum(({ refusals }) => refusals),
        "of them with 503 or 507": this.#unserved,
        "writes without an answer": this.#sum(({ unknown }) => unknown.all),
        "of them applied": this.#sum(({ unknown }) => unknown.applied),
        "kills during a start": this.doubleKills,
        "ready after a kill, median ms": at(0.5),
        "ready after a kill, p99 ms": at(0.99),
        "acknowledged a second": Math.round(acknowledged / ((performance.now() - this.#startedAt) / 1000)),
      },
      faults: this.faults,
    };
  }

  /** A write was answered 503 or 507, which nothing here brings about. */
  unserved(): void {
    this.#unserved++;
  }

  #sum(count: (oracle: WriteOracle) => number): number {
    return this.oracles.reduce((sum, oracle) => sum + count(oracle), 0);
  }
}

async function runLane(state: KillState, lane: number): Promise<void> {
  const rig = new Lane(state, lane);
  let round = state.takeRound();
  try {
    while (round !== null) {
      await withPatience(rig.runRound(round), { ms: ROUND_MS_MAX, what: `Round ${round}, which was ${rig.phase},` });
      round = state.takeRound();
    }
    await rig.stop();
  } catch (error) {
    if (state.run.plant !== null) throw error;
    state.faults.push(`Round ${round}, while ${rig.phase}: ${error instanceof Error ? error.message : error}`);
  } finally {
    await rig.end();
  }
}

/** A store with its server, which is the one that was started after the last kill. */
class Lane {
  phase = "starting";
  readonly #state: KillState;
  readonly #directory: string;
  readonly #random: SeededRandom;
  readonly #oracle = new WriteOracle();
  #server: ServerProcess | null = null;

  constructor(state: KillState, lane: number) {
    this.#state = state;
    this.#directory = `${state.run.directory}/store${lane}`;
    this.#random = makeSeededRandom(state.run.seed * LANES + lane);
    state.oracles.push(this.#oracle);
  }

  async runRound(round: number): Promise<void> {
    this.phase = "starting";
    const server = this.#server ?? (await this.#start(round));
    this.phase = "writing";
    const problems = await this.#write(server, round);
    this.#state.faults.push(...problems.map((problem) => `Round ${round}: ${problem}`));
    this.#plant();
    this.phase = "starting again";
    if (this.#random.oneIn(DOUBLE_KILLS)) await this.#killStart();
    const startedAt = performance.now();
    const restarted = await this.#start(round + 1);
    const ready = await fetch(`${restarted.url}/-/ready`);
    this.#state.readyMs.push(performance.now() - startedAt);
    if (ready.status !== 200) this.#state.faults.push(`Round ${round}: /-/ready is ${ready.status} after the start`);
    this.phase = "comparing";
    const differences = this.#oracle.check(await readHeld(restarted.url));
    this.#state.lost += differences.length;
    this.#state.faults.push(...differences.map((difference) => `Round ${round}: ${difference}`));
  }

  /** An orderly end after all the others; nothing where there were fewer rounds than lanes. */
  async stop(): Promise<void> {
    if (this.#server === null) return;
    this.phase = "stopping";
    const code = await this.#end("SIGTERM");
    if (code !== 0) this.#state.faults.push(`SIGTERM after the last round ended the server with ${code}`);
  }

  async end(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Every second round has two serving threads. */
  async #start(round: number): Promise<ServerProcess> {
    const workers = String(1 + (round % 2));
    this.#server = await startServerProcess(["--store", this.#directory, "--wide", "--workers", workers]);
    return this.#server;
  }

  async #write(server: ServerProcess, round: number): Promise<readonly string[]> {
    const { rounds, plant } = this.#state.run;
    const acknowledgements = rounds < LONG_ROUNDS ? 200 + this.#random.below(2000) : 3000 + this.#random.below(1000);
    const isBulk = round % BULK_ROUNDS === BULK_ROUNDS - 1;
    const onUnserved = () => this.#state.unserved();
    const load = {
      oracle: this.#oracle,
      random: this.#random,
      mark: String(round),
      acknowledgements,
      isBulk,
      onUnserved,
    };
    if (plant !== "early-acknowledgement" && plant !== "false-refusal") {
      return await writeUntilKilled(server, { ...load, url: server.url });
    }
    const proxy = await startLyingProxy(server.url, plant, this.#random);
    try {
      return await writeUntilKilled(server, { ...load, url: proxy.url });
    } finally {
      await proxy.close();
    }
  }

  #plant(): void {
    const { plant } = this.#state.run;
    const database = `${this.#directory}/keyhold.db`;
    if (plant === "cut-log") truncateSync(`${database}-wal`, statSync(`${database}-wal`).size >> 1);
    // Not one of the latest, which may be without an answer.
    if (plant === "removed-write")
      removeEntries(database, "select id from entries order by revision desc limit 1 offset 100");
  }

  async #killStart(): Promise<void> {
    const child = Bun.spawn([...KEYHOLD, ...SERVE, "--store", this.#directory], {
      stdout: "ignore",
      stderr: "ignore",
    });
    await Promise.race([child.exited, Bun.sleep(this.#random.below(START_MS))]);
    child.kill("SIGKILL");
    await child.exited;
    this.#state.doubleKills++;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#server?.kill(signal);
    return (await this.#server?.exited) ?? null;
  }
}
