// A server process that dies, stops and syncs slowly as it is told, and listens on one port through all of its lives. It serves with
// one and two threads in turn; in every third life, the second first, strace holds up each sync.
import { findFreePort } from "../support/free-port.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";

/** Each sync takes so much longer in a slow life. */
const SYNC_DELAY_US = 10_000;
const SLOW_LIVES = 3;
const STARTS_MAX = 20;

export interface Life {
  readonly number: number;
  readonly server: ServerProcess;
  /** Resolves once the process is gone. */
  readonly ended: Promise<void>;
}

/** A sentence on what is missing for slow syncs; null where they work. */
export function lacksSlowSyncs(): string | null {
  const probe = ["strace", "-o", "/dev/null", ...SLOW_SYNCS, "true"];
  if (Bun.which("strace") !== null && Bun.spawnSync(probe).exitCode === 0) return null;
  return "It needs strace and leave to trace: install Debian's package strace";
}

const SLOW_SYNCS = ["-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync"].concat([
  "-e",
  `inject=fsync:delay_exit=${SYNC_DELAY_US}`,
]);

export class FailingServer {
  readonly url: string;
  readonly #directory: string;
  #life: Promise<Life>;
  #lives = 0;
  #slowLives = 0;
  #pauses = 0;
  #isClosing = false;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.url = `http://127.0.0.1:${port}`;
    this.#life = this.#begin();
  }

  static async start(directory: string): Promise<FailingServer> {
    const server = new FailingServer(directory, await findFreePort());
    await server.life;
    return server;
  }

  /** The one that there is, or will be once it has started. */
  get life(): Promise<Life> {
    return this.#life;
  }

  get counts(): { readonly kills: number; readonly slowLives: number; readonly pauses: number } {
    return { kills: this.#lives - 1, slowLives: this.#slowLives, pauses: this.#pauses };
  }

  /** kill -9; resolves when the next life has begun. */
  async kill(): Promise<void> {
    const life = await this.#life;
    if (this.#isClosing) return;
    life.server.kill("SIGKILL");
    this.#life = life.ended.then(() => this.#begin());
    await this.#life;
  }

  /** SIGSTOP, and SIGCONT behind `during`, which is what is waited for meanwhile. */
  async pause(during: () => Promise<void>): Promise<void> {
    const { server } = await this.#life;
    server.kill("SIGSTOP");
    this.#pauses++;
    try {
      await during();
    } finally {
      server.kill("SIGCONT");
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const life = await this.#life.catch(() => null);
    life?.server.kill("SIGKILL");
    await life?.ended;
  }

  async #begin(): Promise<Life> {
    const number = this.#lives++;
    const isSlow = number % SLOW_LIVES === 1;
    if (isSlow) this.#slowLives++;
    const flags = ["--store", `sqlite:${this.#directory}/store`, "--workers", String(1 + (number % 2))];
    const wrapper = isSlow ? ["strace", "-o", "/dev/null", ...SLOW_SYNCS] : [];
    for (let tries = 1; ; tries++) {
      try {
        const server = await startServerProcess([...flags, "--port", new URL(this.url).port], wrapper);
        return { number, server, ended: server.exited.then(() => {}) };
      } catch (error) {
        // Somebody else has the port for a moment.
        const isTaken = error instanceof FailedStart && error.output.includes("Cannot listen on");
        if (!isTaken || tries === STARTS_MAX) throw error;
      }
    }
  }
}
