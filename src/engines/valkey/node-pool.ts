// The servers that are known, each once, however many name it.
import type { ServerAddress } from "./connection.ts";
import { type NodeSettings, ServerNode } from "./server-node.ts";

export class NodePool {
  readonly #settings: NodeSettings;
  readonly #nodes = new Map<string, ServerNode>();

  constructor(settings: NodeSettings) {
    this.#settings = settings;
  }

  get nodes(): readonly ServerNode[] {
    return [...this.#nodes.values()];
  }

  at(address: ServerAddress): ServerNode {
    const name = nameOf(address);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = new ServerNode(address, this.#settings);
    this.#nodes.set(name, node);
    return node;
  }

  /** Ends the connections to all others. What is in flight there is lost, and told so. */
  keepOnly(nodes: ReadonlySet<ServerNode>): void {
    for (const [name, node] of this.#nodes) {
      if (nodes.has(node)) continue;
      this.#nodes.delete(name);
      node.close();
    }
  }

  close(): void {
    this.keepOnly(new Set());
  }
}

export function nameOf({ host, port }: ServerAddress): string {
  return `${host}:${port}`;
}

/** "host:port" as servers write it, where a host may have colons of its own; null for other texts. */
export function parseAddress(text: string): ServerAddress | null {
  const [, host, port] = /^(.*):(\d{1,5})(?:@\d+)?$/.exec(text) ?? [];
  return host === undefined || port === undefined ? null : { host, port: Number(port) };
}
