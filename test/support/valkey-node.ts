// One process of a real Valkey or Redis server, its directory, and what a test may do to it. Every process ends with stop(),
// and with this process at the latest, however that ends, where the system can see to it (setpriv).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pollUntil } from "./poll-until.ts";
import { requireCommand } from "./required-command.ts";
import type { Place } from "./valkey-settings.ts";
import { askOnce, type ServerAddress, type WireAccess, type WireReply } from "./valkey-wire.ts";

export interface NodeSettings {
  /** Made by the node; holds its configuration, its log and its data. */
  readonly directory: string;
  readonly port: number;
  readonly place: Place;
  readonly access: WireAccess;
  /** The configuration without address and directory. */
  readonly lines: readonly string[];
  readonly isSentinel?: boolean;
  readonly program: string | null;
}

/** How long a server may take to start or to end. A start takes some 50 ms on a quiet machine. */
export const PATIENCE_MS = 20_000;
/** How long a fail-over may take: Sentinels that could not agree try again after twenty seconds. */
export const FAILOVER_PATIENCE_MS = 45_000;
const LOOK_INTERVAL_MS = 10;

/** Processes that run, to be ended with this one. */
const running = new Set<number>();
process.on("exit", () => {
  for (const pid of running) signalTo(pid, "SIGKILL");
});

export class ValkeyNode {
  readonly address: ServerAddress;
  readonly #settings: NodeSettings;
  #child: Bun.Subprocess | null = null;
  #ended: Promise<void> = Promise.resolve();

  private constructor(settings: NodeSettings) {
    this.#settings = settings;
    this.address = { host: settings.place.host, port: settings.port };
  }

  /** A node that answers. @throws Error with its log where it does not come to that, or saying what to install */
  static async start(settings: NodeSettings): Promise<ValkeyNode> {
    const node = new ValkeyNode(settings);
    mkdirSync(settings.directory, { recursive: true });
    const { directory, lines, place } = settings;
    writeFileSync(
      node.#configPath,
      [`bind ${place.host}`, "protected-mode no", `dir ${directory}`, `logfile ${node.#logPath}`, ...lines, ""].join(
        "\n",
      ),
    );
    await node.#run();
    return node;
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.#running.pid;
  }

  /** Of its configuration, its log and its data. */
  get directory(): string {
    return this.#settings.directory;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Asks one command over a connection of its own, as the default user. @throws WireError with the server's error */
  ask(...args: readonly string[]): Promise<WireReply> {
    return askOnce(this.address, this.#settings.access, args);
  }

  /** The keys that match a pattern of the server's. */
  async keys(pattern: string): Promise<readonly string[]> {
    const reply = await this.ask("KEYS", pattern);
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  /** Sends a signal; resolves when the process has ended, which a paused one does by SIGKILL alone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#running.kill(signal);
    await this.#ended;
  }

  /** The process does nothing until resume(); its connections stay open. */
  pause(): void {
    signalTo(this.pid, "SIGSTOP");
  }

  resume(): void {
    signalTo(this.pid, "SIGCONT");
  }

  /** Kills it where it runs, and starts it on the same port with what is in its directory. */
  async restart(): Promise<void> {
    if (this.isRunning) await this.kill();
    await this.#run();
  }

  async stop(): Promise<void> {
    if (this.isRunning) await this.kill();
  }

  async #run(): Promise<void> {
    const { place, program, isSentinel = false } = this.#settings;
    const command = [
      ...place.launcher,
      program ?? serverProgram(),
      this.#configPath,
      ...(isSentinel ? ["--sentinel"] : []),
    ];
    const child = Bun.spawn([...diesWithThisProcess(), ...command], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    running.add(child.pid);
    child.unref();
    this.#child = child;
    this.#ended = child.exited.then(() => {
      running.delete(child.pid);
      this.#child = null;
    });
    await pollUntil(() => this.#answers(), {
      ms: PATIENCE_MS,
      intervalMs: LOOK_INTERVAL_MS,
      what: () => `The server on port ${this.address.port} does not answer: ${this.#log()}`,
    });
  }

  async #answers(): Promise<boolean> {
    if (!this.isRunning) throw new Error(`The server on port ${this.address.port} ended: ${this.#log()}`);
    return (await this.ask("PING").catch(() => null)) === "PONG";
  }

  get #running(): Bun.Subprocess {
    if (this.#child === null) throw new Error(`The server on port ${this.address.port} does not run`);
    return this.#child;
  }

  get #configPath(): string {
    return join(this.#settings.directory, "server.conf");
  }

  get #logPath(): string {
    return join(this.#settings.directory, "server.log");
  }

  #log(): string {
    try {
      return readFileSync(this.#logPath, "utf8").slice(-2000);
    } catch {
      return "it has left no log";
    }
  }
}

/** The server's program: VALKEY_SERVER names it, or it is on the PATH. @throws Error saying what to install */
export function serverProgram(): string {
  const named = process.env["VALKEY_SERVER"];
  if (named !== undefined) return requireCommand(named, "valkey-server");
  return Bun.which("valkey-server") ?? requireCommand("redis-server", "valkey-server (of backports) or redis-server");
}

/** setpriv becomes the command that follows, which keeps its process id. */
function diesWithThisProcess(): readonly string[] {
  const setpriv = Bun.which("setpriv");
  return setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--"];
}

/** A process that has ended meanwhile needs no signal. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
