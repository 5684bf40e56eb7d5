// Several nodes in one temporary directory: started together, and all gone by stop().
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";
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

/** Groups that run, whose directories are removed with this process at the latest. */
const directories = new Set<string>();
process.on("exit", () => {
  for (const directory of directories) removeTemporaryDirectory(directory);
});

export class NodeGroup implements ServerGroup {
  readonly directory = makeTemporaryDirectory();
  readonly certificate: Certificate | null;
  readonly #settings: ServerSettings;
  readonly #nodes: ValkeyNode[] = [];
  #started = 0;

  constructor(settings: ServerSettings) {
    directories.add(this.directory);
    this.#settings = settings;
    this.certificate = certificateFor(settings, this.directory);
  }

  get ca(): string | null {
    return this.certificate?.ca ?? null;
  }

  /** One more node, on a free port. @param linesOf - its configuration beside port and address */
  async start(linesOf: (port: number) => readonly string[], isSentinel = false): Promise<ValkeyNode> {
    const index = this.#started++;
    for (let tries = 1; ; tries++) {
      const port = await findFreePort();
      try {
        const node = await ValkeyNode.start({
          directory: join(this.directory, `node-${index}-${tries}`),
          port,
          place: this.#settings.placeOf?.(index) ?? HERE,
          access: accessOf(this.#settings),
          lines: [...portLines(port, this.certificate), ...linesOf(port)],
          isSentinel,
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
    directories.delete(this.directory);
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
