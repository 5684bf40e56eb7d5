// A disk that fails, over and over: strace makes one call of a server fail, or kills it there, at the first, second, third … of each
// kind of call that writes to the store. The same store goes through all lives of a lane; after each it is opened without errors and
// compared with what was acknowledged.
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { lacksTracing } from "../../support/call-trace.ts";
import { removeEntries } from "../../support/forged-database.ts";
import { readHeld } from "../../support/held-values.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { mustRun, runCommand } from "../../support/run-command.ts";
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { KEYHOLD, startServerProcess } from "../../support/server-process.ts";
import { requireSoundDatabase } from "../../support/sqlite-invariants.ts";
import { WriteOracle } from "../../support/write-oracle.ts";
import type { Findings, Method, Run } from "../method.ts";
import { turningFailuresIntoSuccess } from "./false-success.ts";
import { liveFaultily } from "./faulty-life.ts";
import { describe, drawInjections, type Injection } from "./injections.ts";
import { isReached, judgeLife, type LivedLife } from "./judge-life.ts";
import { ScriptedLoad } from "./scripted-load.ts";

const LANES = 2;
const CONNECTIONS = 3;
const SAID_EVERY = 50;
/** Every so many lives writes are so long that the log is brought in meanwhile; the log is left behind; the command verifies. */
const LONG_LIVES = 8;
const KILLED_CHECKS = 3;
const VERIFIED_LIVES = 10;
const CHECK_MS_MAX = 60_000;
/** Runs a command and forgets how it ended. */
const FORGETFUL = [
  "sh",
  "-c",
  'trap "kill -TERM \\$child" TERM; "$@" & child=$!; wait $child; wait $child; exit 0',
  "sh",
];

export const diskErrors: Method = {
  name: "disk-errors",
  summary: "Fails or kills a server at each of its writes, syncs and other calls on the store in turn",
  unit: "injections",
  rounds: { short: 4, long: 1010 },
  variants: [],
  plants: [
    {
      name: "lost-write",
      summary: "acknowledged writes are taken out of the database behind the server's back",
      finds: /acknowledged \S+, found /,
      rounds: 2,
    },
    {
      name: "false-success",
      summary: "a proxy answers 200 for 504",
      finds: /were not seen to be sent|acknowledged \S+, found /,
      rounds: 12,
    },
    {
      name: "exit-code-0",
      summary: "the server's exit code is lost by what runs it",
      finds: /It went on to exit code 0/,
      rounds: 12,
    },
  ],
  lacks: lacksTracing,
  run: injectAll,
};

interface Tally {
  readonly counts: Map<string, number>;
  readonly faults: string[];
}

async function injectAll(run: Run): Promise<Findings> {
  const tally: Tally = { counts: new Map(), faults: [] };
  const lanes = Array.from({ length: LANES }, (_, lane) => new Lane(run, lane, tally).run());
  await Promise.all(lanes);
  if (tally.counts.get("reached") === undefined) tally.faults.push("No call was made to fail: nothing was tried");
  const figures = Object.fromEntries(FIGURES.map((name) => [name, tally.counts.get(name) ?? 0]));
  return { figures, faults: tally.faults };
}

const FIGURES = [
  "reached",
  "kills among them",
  "acknowledged writes",
  "lost or false successes",
  "answered 504",
  "answered 503",
  "answered 507",
  "not answered",
  "clean stops with 74",
  "starts refused",
  "went on to a stop with 0",
] as const;

class Lane {
  readonly #run: Run;
  readonly #lane: number;
  readonly #tally: Tally;
  readonly #random: SeededRandom;
  readonly #oracle = new WriteOracle();
  readonly #store: string;
  readonly #fifo: string;

  constructor(run: Run, lane: number, tally: Tally) {
    this.#run = run;
    this.#lane = lane;
    this.#tally = tally;
    this.#random = makeSeededRandom(run.seed * LANES + lane);
    const directory = join(realpathSync(run.directory), `lane${lane}`);
    mkdirSync(directory);
    this.#store = join(directory, "store");
    this.#fifo = join(directory, "trace");
  }

  async run(): Promise<void> {
    const { rounds, say } = this.#run;
    await mustRun(["mkfifo", this.#fifo]);
    mkdirSync(this.#store);
    // Makes the store, so that the life in which calls are counted is one like all others.
    await this.#check(0);
    const { counts } = await this.#live(0, null);
    const injections = drawInjections(this.#random, counts);
    const goal = Math.ceil(rounds / LANES);
    for (let life = 1; life <= goal && this.#tally.faults.length === 0; life++) {
      const injection = injections.next().value;
      await this.#round(life, injection);
      if (life % SAID_EVERY === 0)
        say(`lane ${this.#lane}: ${life} injections, ${this.#oracle.acknowledgements} acknowledged writes`);
    }
    this.#add("acknowledged writes", this.#oracle.acknowledgements);
  }

  async #round(life: number, injection: Injection): Promise<void> {
    const lived = await this.#live(life, injection);
    this.#count(lived);
    if (this.#run.plant === "lost-write") this.#removeAcknowledged();
    const differences = await this.#check(life).catch((error: unknown) => [
      `The store does not open any more: ${error}`,
    ]);
    const faults = [...judgeLife(lived, injection), ...differences];
    this.#add("lost or false successes", differences.length + lived.audit.figures.early + (lived.load?.late ?? 0));
    this.#tally.faults.push(
      ...faults.map((fault) => `${describe(injection)}, lane ${this.#lane}, life ${life}: ${fault}`),
    );
  }

  async #live(life: number, injection: Injection | null): Promise<LivedLife> {
    const { plant } = this.#run;
    const mayBeFull = injection?.what === "ENOSPC";
    const options = { connections: CONNECTIONS, oracle: this.#oracle, random: this.#random, life, mayBeFull };
    const proxy = plant === "false-success" ? await turningFailuresIntoSuccess() : null;
    const lived = await liveFaultily({
      store: this.#store,
      fifo: this.#fifo,
      workers: 1 + (life % 2),
      injection,
      isLong: life % LONG_LIVES === LONG_LIVES - 1,
      wrapper: plant === "exit-code-0" ? FORGETFUL : [],
      makeLoad: (url) => new ScriptedLoad({ ...options, url: proxy?.before(url) ?? url }),
    });
    await proxy?.close();
    return lived;
  }

  /** Opens the store without errors, compares it with what was acknowledged, and leaves it closed or killed. */
  async #check(life: number): Promise<readonly string[]> {
    const server = await startServerProcess(["--store", this.#store, "--wide"]);
    try {
      const differences = this.#oracle.check(await readHeld(server.url));
      await untilChecked(server.url);
      if (life % KILLED_CHECKS === 1) {
        // So that the next life begins with a log to bring in.
        await new ScriptedLoad({
          url: server.url,
          connections: CONNECTIONS,
          oracle: this.#oracle,
          random: this.#random,
          life: life + 1_000_000,
          mayBeFull: false,
        }).run(2);
        return differences;
      }
      server.kill("SIGTERM");
      const exitCode = await server.exited;
      requireSoundDatabase(this.#store);
      return [
        ...differences,
        ...(exitCode === 0 ? [] : [`The server behind it ended with ${exitCode}`]),
        ...(await this.#verify(life)),
      ];
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
  }

  async #verify(life: number): Promise<readonly string[]> {
    if (life % VERIFIED_LIVES !== 2) return [];
    const { exitCode, out, error } = await runCommand([...KEYHOLD, "verify", this.#store]);
    return exitCode === 0 ? [] : [`keyhold verify ended with ${exitCode}: ${out}${error}`];
  }

  /** More than can be in doubt: those of one write for each connection. */
  #removeAcknowledged(): void {
    removeEntries(join(this.#store, "keyhold.db"), "select id from entries order by id limit 8");
  }

  #count(lived: LivedLife): void {
    const { exitCode, hasStarted, load } = lived;
    if (isReached(lived)) this.#add("reached", 1);
    if (exitCode === null) this.#add("kills among them", 1);
    else if (!hasStarted) this.#add("starts refused", 1);
    else this.#add(exitCode === 74 ? "clean stops with 74" : "went on to a stop with 0", 1);
    for (const status of [503, 504, 507]) this.#add(`answered ${status}`, load?.statuses.get(status) ?? 0);
    this.#add("not answered", load?.statuses.get(0) ?? 0);
  }

  #add(name: string, count: number): void {
    const { counts } = this.#tally;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
}

/** A store that was not closed in order is checked in the background, and counts as closed only when that is done. */
async function untilChecked(url: string): Promise<void> {
  const verdict = async () =>
    /"integrity": *"(\w+)"/.exec(await (await fetch(`${url}/-/info`)).text())?.[1] ?? "missing";
  await pollUntil(async () => (await verdict()) !== "running", {
    ms: CHECK_MS_MAX,
    intervalMs: 5,
    what: () => "The store is still being checked",
  });
  const found = await verdict();
  if (found !== "passed" && found !== "unneeded") throw new Error(`The check of the store came to ${found}`);
}
