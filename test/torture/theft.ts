// One file of a store taken away from under its server, and what came of it: one round of replaced-files.ts.
import {
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { PutLoad } from "../support/put-load.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import type { Run } from "./method.ts";

export interface Kind {
  readonly file: "keyhold.db" | "keyhold.db-wal" | "keyhold.db-shm" | "lock.db";
  readonly deed: "removed" | "moved" | "replaced by a copy" | "replaced by an empty one" | "cut";
}

export interface TheftOptions {
  readonly round: number;
  readonly kind: Kind;
  readonly fault: (sentence: string) => void;
}

/** The server looks every quarter of a second; the rest is for a busy machine. */
const STOP_MS_MAX = 10_000;
/** In place of an exit code. */
const NEVER = "never";
const PUTS_MAX = 400;
const CONNECTIONS = 8;

export class Theft {
  acknowledged = 0;
  /** Acknowledged after the fault. */
  late = 0;
  lost = 0;
  /** From the fault to the end of the server; null where it was not to stop, or did not. */
  stopMs: number | null = null;
  readonly #run: Run;
  readonly #options: TheftOptions;
  readonly #random: SeededRandom;
  readonly #store: string;
  readonly #path: string;
  /** Another name of the file that the server has opened, in a directory that it does not look at. */
  readonly #kept: string;
  /** What stood in it before the writes. */
  readonly #copy: string;
  readonly #servers: ServerProcess[] = [];

  constructor(run: Run, options: TheftOptions) {
    const { round, kind } = options;
    this.#run = run;
    this.#options = options;
    this.#random = makeSeededRandom(run.seed + round);
    this.#store = `${run.directory}/store${round}`;
    this.#path = `${this.#store}/${kind.file}`;
    this.#kept = `${run.directory}/kept${round}`;
    this.#copy = `${run.directory}/copy${round}`;
  }

  async commit(): Promise<void> {
    const server = await this.#start();
    copyFileSync(this.#path, this.#copy);
    const load = new PutLoad({ url: server.url, connections: CONNECTIONS, prefix: "k" });
    await load.untilMore(1 + this.#random.below(PUTS_MAX));
    const doneAt = performance.now();
    this.#take();
    if (this.#options.kind.file === "keyhold.db-shm") await this.#seeItGoOn(server, load);
    else await this.#seeItStop(server, load, doneAt);
    server.kill("SIGKILL");
    await load.ended();
    this.acknowledged = load.acknowledged.length;
    this.late = load.acknowledged.filter(({ askedAtMs }) => askedAtMs > doneAt).length;
    for (const problem of load.problems) this.#options.fault(problem);
    await this.#compare(load);
  }

  async end(): Promise<void> {
    for (const server of this.#servers) {
      server.kill("SIGKILL");
      await server.exited;
    }
  }

  #take(): void {
    const { deed } = this.#options.kind;
    if (deed === "cut") truncateSync(this.#path, 0);
    linkSync(this.#path, this.#kept);
    if (deed === "removed") unlinkSync(this.#path);
    if (deed === "moved") renameSync(this.#path, `${this.#path}.moved`);
    if (deed === "replaced by a copy") this.#replace((draft) => copyFileSync(this.#path, draft));
    if (deed === "replaced by an empty one") this.#replace((draft) => writeFileSync(draft, ""));
    if (this.#run.plant === "put-back") this.#putBack(this.#kept);
  }

  /** At once, as an editor or a program that synchronises does. */
  #replace(write: (draft: string) => void): void {
    write(`${this.#copy}.draft`);
    renameSync(`${this.#copy}.draft`, this.#path);
  }

  #putBack(file: string): void {
    // Where both are names of one file, rename() would do nothing.
    if (existsSync(this.#path)) unlinkSync(this.#path);
    linkSync(file, this.#path);
  }

  /** Of what SQLite shares between processes it has its own, and a cut one at most ends it. */
  async #seeItGoOn(server: ServerProcess, load: PutLoad): Promise<void> {
    await load.untilMore(PUTS_MAX);
    server.kill("SIGKILL");
    await server.exited;
  }

  async #seeItStop(server: ServerProcess, load: PutLoad, doneAt: number): Promise<void> {
    const code = await Promise.race([server.exited, Bun.sleep(STOP_MS_MAX).then(() => NEVER)]);
    if (code === NEVER) {
      this.#options.fault(
        `the server still ran after ${STOP_MS_MAX / 1000} s, and had acknowledged ${load.acknowledged.length}`,
      );
      return;
    }
    this.stopMs = performance.now() - doneAt;
    const log = `${this.#store}/error.log`;
    const said = existsSync(log) ? readFileSync(log, "utf8") : "";
    if (code !== EXIT.storeFailed || !(said.includes("store-failed") && said.includes(this.#path))) {
      this.#options.fault(`the server ended with ${code}, and said ${said}`);
    }
    const { file, deed } = this.#options.kind;
    if (file === "keyhold.db" && deed !== "replaced by a copy") await this.#refuseWithout();
  }

  /** A store whose database is gone is not taken for a new one. */
  async #refuseWithout(): Promise<void> {
    try {
      const server = await this.#start();
      this.#options.fault(`without its database the store was served at ${server.url}`);
    } catch (error) {
      if (!(error instanceof FailedStart)) throw error;
      if (error.exitCode === EXIT.failure && error.output.includes("is missing or empty")) return;
      this.#options.fault(`without its database a start ended with ${error.exitCode}: ${error.output}`);
    }
  }

  /** With the file that the server wrote to in its place again, all is there. */
  async #compare(load: PutLoad): Promise<void> {
    const { kind, fault } = this.#options;
    if (kind.file !== "keyhold.db-shm") this.#putBack(this.#run.plant === "other-file" ? this.#copy : this.#kept);
    const server = await this.#start();
    const differences = await load.differences(server.url);
    this.lost = differences.length;
    for (const difference of differences) fault(difference);
    server.kill("SIGTERM");
    const code = await server.exited;
    if (code !== 0) fault(`the next server ended with ${code} on SIGTERM`);
  }

  async #start(): Promise<ServerProcess> {
    const workers = String(1 + this.#random.below(2));
    const server = await startServerProcess(["--store", this.#store, "--workers", workers]);
    this.#servers.push(server);
    return server;
  }
}
