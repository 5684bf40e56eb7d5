// The servers that are known, each once, however many name it.
import type { ServerAddress } from "./connection.ts";
import { nameOf } from "./server-name.ts";
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

  /** For who asks once and closes it. */
  apart(address: ServerAddress): ServerNode {
    return new ServerNode(address, this.#settings);
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
