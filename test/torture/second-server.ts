// Several servers and one store: of those that start together one wins, a later one is refused with a sentence that names the holder and
// leaves everything as it is, commands that would write are refused and those that read go on, and a killed holder is
// followed at once. Meanwhile clients write to the one that holds it, and lose nothing.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { withPatience } from "../support/patience.ts";
import { pollUntil } from "../support/poll-until.ts";
import { PutLoad } from "../support/put-load.ts";
import { runCommand } from "../support/run-command.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import { FailedStart, KEYHOLD, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import type { Findings, Method, Run } from "./method.ts";

const ROUND_MS_MAX = 120_000;
const QUIET_MS_MAX = 30_000;
/** Between two looks whether the files stand still. */
const QUIET_INTERVAL_MS = 400;
const CONTENDERS_MAX = 4;
const CONNECTIONS = 4;
const PUTS = 50;

export const secondServer: Method = {
  name: "second-server",
  summary: "Starts servers together, beside and after each other on one store: it has one holder at a time",
  unit: "stores contended for",
  rounds: { short: 2, long: 240 },
  variants: [],
  plants: [
    {
      name: "lost-lock",
      summary: "the lock file is removed just before another server starts",
      finds: /A second server started beside/,
      rounds: 1,
    },
    {
      name: "wrong-holder",
      summary: "the file that says who holds the store names another process",
      finds: /A refused server ended with 1, and \d+ holds/,
      rounds: 1,
    },
    {
      name: "changed-store",
      summary: "the store is written to by another program while a server is refused",
      finds: /changed the store/,
      rounds: 1,
    },
  ],
  lacks: () => null,
  run: async (run) => {
    const contest = new Contest(run);
    for (let round = 0; round < run.rounds && contest.faults.length === 0; round++) {
      if (round > 0 && round % Math.ceil(run.rounds / 12) === 0) run.say(`${round} stores contended for`);
      await contest.runRound(round);
    }
    return contest.findings();
  },
};

class Contest {
  readonly faults: string[] = [];
  readonly #run: Run;
  readonly #servers: ServerProcess[] = [];
  readonly #refusedMs: number[] = [];
  readonly #takenOverMs: number[] = [];
  #starts = 0;
  #commands = 0;
  #acknowledged = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  async runRound(round: number): Promise<void> {
    try {
      await withPatience(this.#contend(round), { ms: ROUND_MS_MAX, what: "The contest" });
    } catch (error) {
      if (this.#run.plant !== null) throw error;
      this.#fault(round, error instanceof Error ? error.message : String(error));
    } finally {
      for (const server of this.#servers.splice(0)) {
        server.kill("SIGKILL");
        await server.exited;
      }
    }
  }

  findings(): Findings {
    return {
      figures: {
        "servers started": this.#starts,
        "refused starts beside a server": this.#refusedMs.length,
        "slowest refusal, ms": Math.round(Math.max(0, ...this.#refusedMs)),
        "commands on a served store": this.#commands,
        "slowest start after a kill, ms": Math.round(Math.max(0, ...this.#takenOverMs)),
        "acknowledged writes": this.#acknowledged,
      },
      faults: this.faults,
    };
  }

  /** First for a new directory, then for the store of a killed server. */
  async #contend(round: number): Promise<void> {
    const store = `${this.#run.directory}/store${round}`;
    const random = makeSeededRandom(this.#run.seed + round);
    const first = await this.#race(round, store, 2 + random.below(CONTENDERS_MAX - 1));
    if (first === null) return;
    const load = new PutLoad({ url: first.url, connections: CONNECTIONS, prefix: "first" });
    await load.untilMore(PUTS);
    await this.#refuseBeside(round, store, first);
    if (this.faults.length > 0) return await load.stop();
    await load.untilMore(PUTS);
    if (this.#run.plant === null) await this.#command(round, store, first);
    await load.stop();
    await this.#refuseUntouched(round, store);
    if (this.faults.length > 0) return;
    const later = new PutLoad({ url: first.url, connections: CONNECTIONS, prefix: "later" });
    await later.untilMore(PUTS);
    const killedAt = performance.now();
    first.kill("SIGKILL");
    // As whoever looks after it waits: until then it holds the store, and may be named.
    await first.exited;
    const second = await this.#race(round, store, 1 + random.below(CONTENDERS_MAX));
    if (second === null) return;
    this.#takenOverMs.push(performance.now() - killedAt);
    await later.ended();
    for (const { problems, acknowledged } of [load, later]) {
      this.#acknowledged += acknowledged.length;
      for (const problem of problems) this.#fault(round, problem);
    }
    for (const loss of [...(await load.differences(second.url)), ...(await later.differences(second.url))]) {
      this.#fault(round, loss);
    }
  }

  /** Starts so many servers at once: exactly one may win. */
  async #race(round: number, store: string, contenders: number): Promise<ServerProcess | null> {
    const starts = await Promise.all(Array.from({ length: contenders }, () => this.#start(store)));
    const winners = starts.flatMap((start) => (start instanceof FailedStart ? [] : [start]));
    const [winner] = winners;
    if (winner === undefined || winners.length > 1) {
      const said = starts.map((start) =>
        start instanceof FailedStart ? start.output.trim() : `listens at ${start.url}`,
      );
      this.#fault(round, `${winners.length} of ${contenders} servers won: ${said.join(" | ")}`);
      return null;
    }
    for (const start of starts) {
      if (start instanceof FailedStart) this.#judgeRefusal(round, start, { pid: winner.pid, isRace: true });
    }
    return winner;
  }

  async #refuseBeside(round: number, store: string, holder: ServerProcess): Promise<void> {
    const { plant } = this.#run;
    if (plant === "lost-lock") unlinkSync(`${store}/lock.db`);
    if (plant === "wrong-holder") writeFileSync(`${store}/holder.json`, '{"pid":1,"since":"","incarnation":null}\n');
    const askedAt = performance.now();
    const second = await this.#start(store);
    if (!(second instanceof FailedStart)) {
      this.#fault(
        round,
        `A second server started beside the first, process id ${holder.pid}: it listens at ${second.url}`,
      );
      return;
    }
    this.#refusedMs.push(performance.now() - askedAt);
    this.#judgeRefusal(round, second, { pid: holder.pid, isRace: false });
  }

  /** While nobody writes, a refused server leaves every file as it is, byte for byte. */
  async #refuseUntouched(round: number, store: string): Promise<void> {
    const before = await quietDigest(store);
    if (this.#run.plant === "changed-store") writeFileSync(`${store}/stray`, "");
    const second = await this.#start(store);
    if (!(second instanceof FailedStart)) this.#fault(round, `A second server started: it listens at ${second.url}`);
    const after = digestOf(store);
    if (after !== before) this.#fault(round, `A refused server changed the store from ${before} to ${after}`);
  }

  /** What writes to a store's directory is refused as a server is; what reads goes on beside it. */
  async #command(round: number, store: string, holder: ServerProcess): Promise<void> {
    const [backup, copied] = [`${this.#run.directory}/${round}.backup`, `${this.#run.directory}/${round}.copy`];
    const commands = [
      { args: ["verify", store], isAllowed: true },
      { args: ["backup", "--store", store, backup], isAllowed: true },
      { args: ["restore", backup, "--store", store, "--replace"], isAllowed: false },
      { args: ["copy", store, copied], isAllowed: true },
      { args: ["copy", copied, store], isAllowed: false },
    ];
    for (const { args, isAllowed } of round % 2 === 0 ? commands.slice(0, 3) : commands.slice(3)) {
      const { exitCode, error } = await runCommand([...KEYHOLD, ...args]);
      this.#commands++;
      // A copy of a store that is written to may say that both sides differ.
      const isDone = exitCode === 0 || (args[0] === "copy" && exitCode === EXIT.damaged);
      const isAsPromised = isAllowed ? isDone : exitCode === EXIT.failure && error.includes(`process id ${holder.pid}`);
      if (!isAsPromised) this.#fault(round, `${args.join(" ")} beside a server exited ${exitCode}: ${error}`);
    }
    const { status } = await fetch(`${holder.url}/-/ready`);
    if (status !== 200) this.#fault(round, `After commands on its store the server's /-/ready is ${status}`);
  }

  async #start(store: string): Promise<ServerProcess | FailedStart> {
    this.#starts++;
    try {
      const server = await startServerProcess(["--store", store]);
      this.#servers.push(server);
      return server;
    } catch (error) {
      if (error instanceof FailedStart) return error;
      throw error;
    }
  }

  /** In a race the holder may not have said yet who it is. */
  #judgeRefusal(round: number, start: FailedStart, { pid, isRace }: { pid: number; isRace: boolean }): void {
    const names = start.output.includes(`the server with process id ${pid},`);
    const isNamed = names || (isRace && start.output.includes("another server holds it"));
    const isSentence = start.output.includes("stop that one first") && !start.output.includes("    at ");
    if (start.exitCode !== EXIT.failure || !isNamed || !isSentence) {
      this.#fault(round, `A refused server ended with ${start.exitCode}, and ${pid} holds the store: ${start.output}`);
    }
  }

  #fault(round: number, sentence: string): void {
    this.faults.push(`Store ${round}: ${sentence}`);
  }
}

/** Of all files, once the server has nothing left to do with them. */
async function quietDigest(store: string): Promise<string> {
  let last = "";
  await pollUntil(
    async () => {
      const before = last;
      last = digestOf(store);
      return last === before;
    },
    { ms: QUIET_MS_MAX, intervalMs: QUIET_INTERVAL_MS, what: () => `The files of ${store} still change` },
  );
  return last;
}

/** Names and bytes. */
function digestOf(store: string): string {
  const names = readdirSync(store).toSorted();
  const digests = names.map((name) => {
    const digest = createHash("sha256")
      .update(readFileSync(`${store}/${name}`))
      .digest("hex");
    return `${name} ${digest.slice(0, 12)}`;
  });
  return digests.join(", ");
}
