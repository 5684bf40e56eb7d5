// Looks at the primaries each second, and more often while something is wrong with one, and at who they are as often as the
// topology wants. What it has seen is what refuses writes beforehand, and what operators are told.

import { every } from "./pause.ts";
import { nameOf } from "./server-name.ts";
import type { ServerNode } from "./server-node.ts";
import type { ServerLog } from "./servers.ts";
import type { ServerMap } from "./topology.ts";

const TICK_MS = 100;
const LOOK_INTERVAL_MS = 1000;

export class Patrol {
  readonly #map: ServerMap;
  readonly #log: ServerLog;
  readonly #stop: () => void;
  #refreshedAt = performance.now();
  #told: string | null = null;
  #clockOffsetMs = 0;

  constructor(map: ServerMap, log: ServerLog) {
    this.#map = map;
    this.#log = log;
    this.#stop = every(TICK_MS, () => this.#tick());
    this.#tick();
  }

  /** Of the first primary that has told, as of the last tick: it is asked for with each look at a clock. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** Why writes are refused, or cannot be made, for now; null where all is well. */
  refusal(): string | null {
    const primaries = this.#map.primaries();
    if (primaries.length === 0) return this.#map.trouble ?? "No primary is known";
    for (const node of primaries) {
      const name = nameOf(node.address);
      if (node.trouble !== null) return `Server ${node.trouble}`;
      if (node.refusal !== null) return `Server ${name}: ${node.refusal}`;
      if (node.health?.isPrimary === false) return `Server ${name} is no primary`;
    }
    return this.#map.trouble;
  }

  stop(): void {
    this.#stop();
  }

  #tick(): void {
    const now = performance.now();
    const primaries = this.#map.primaries();
    this.#clockOffsetMs = primaries.find(({ health }) => health !== null)?.clockOffsetMs ?? 0;
    for (const node of primaries) {
      if (isWell(node) && now - node.lookedAt < LOOK_INTERVAL_MS) continue;
      void this.#look(node);
    }
    if (now - this.#refreshedAt >= this.#map.refreshIntervalMs) {
      this.#refreshedAt = now;
      void this.#map.refresh();
    }
  }

  async #look(node: ServerNode): Promise<void> {
    await node.look();
    if (node.trouble !== null || node.health?.isPrimary === false) await this.#map.refresh();
    this.#tell();
  }

  /** Each change once. */
  #tell(): void {
    const refusal = this.refusal();
    if (refusal === this.#told) return;
    this.#told = refusal;
    if (refusal === null) this.#log.info("servers-well", "Writes are taken again");
    else this.#log.warn("servers-unwell", refusal);
  }
}

function isWell(node: ServerNode): boolean {
  return node.trouble === null && node.health?.isPrimary === true && node.refusal === null;
}
