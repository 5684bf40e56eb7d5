// Several nodes in one temporary directory: started together, and all gone by stop(). The directory of a group that is never
// stopped, such as a shared one's, is removed by the next process that starts a group: a run of tests tells nobody of its end.
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { removeTemporaryDirectory } from "./temporary-directory.ts";
import { ValkeyNode } from "./valkey-node.ts";
import { accessOf, type Certificate, certificateFor, HERE, portLines, type ServerSettings } from "./valkey-settings.ts";

/** What every set of servers has. */
export interface ServerGroup {
  /** PEM of the authority that the servers' certificate is of; null without TLS. */
  readonly ca: string | null;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

/** Ports are found before their servers have them; another may be faster. */
const START_TRIES = 3;

/** Of a directory's name, before the process id of its owner. */
const PREFIX = "keyhold-valkey-";

let hasSwept = false;

export class NodeGroup implements ServerGroup {
  readonly directory: string;
  readonly certificate: Certificate | null;
  readonly #settings: ServerSettings;
  readonly #nodes: ValkeyNode[] = [];
  #started = 0;

  constructor(settings: ServerSettings) {
    if (!hasSwept) removeDeserted();
    hasSwept = true;
    this.directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    this.#settings = settings;
    this.certificate = certificateFor(settings, this.directory);
  }

  get ca(): string | null {
    return this.certificate?.ca ?? null;
  }

  /** One more node, on a free port. @param linesOf - its configuration beside port and address, asked for at each try */
  async start(
    linesOf: (port: number) => readonly string[] | Promise<readonly string[]>,
    isSentinel = false,
  ): Promise<ValkeyNode> {
    const index = this.#started++;
    for (let tries = 1; ; tries++) {
      const port = await findFreePort();
      try {
        const node = await ValkeyNode.start({
          directory: join(this.directory, `node-${index}-${tries}`),
          port,
          place: this.#settings.placeOf?.(index) ?? HERE,
          access: accessOf(this.#settings),
          lines: [...portLines(port, this.certificate), ...(await linesOf(port))],
          isSentinel,
          program: this.#settings.program ?? null,
        });
        this.#nodes.push(node);
        return node;
      } catch (error) {
        const isTaken = error instanceof Error && error.message.includes("Address already in use");
        if (!isTaken || tries === START_TRIES) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
    removeTemporaryDirectory(this.directory);
  }
}

/** Makes a group by `body`, which is gone again where that fails. */
export async function withGroup<T>(settings: ServerSettings, body: (group: NodeGroup) => Promise<T>): Promise<T> {
  const group = new NodeGroup(settings);
  try {
    return await body(group);
  } catch (error) {
    await group.stop();
    throw error;
  }
}

/** Removes the directories whose owner runs no more. Its servers have ended with it. */
function removeDeserted(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (!Number.isNaN(owner) && !isRunning(owner)) removeTemporaryDirectory(join(tmpdir(), name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else is one too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
