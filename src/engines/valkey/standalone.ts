// One server that is all there is. Its address may be a name behind which a provider puts another server when one fails, so a
// server that says that it is no primary is connected anew.

import type { ServerAddress } from "./connection.ts";
import type { NodePool } from "./node-pool.ts";
import type { ServerNode } from "./server-node.ts";
import { SingleFlight } from "./single-flight.ts";
import type { ServerMap } from "./topology.ts";

const REFRESH_INTERVAL_MS = 10_000;
const REFRESH_AGAIN_MS = 100;

export class StandaloneMap implements ServerMap {
  readonly kind = "standalone";
  readonly refreshIntervalMs = REFRESH_INTERVAL_MS;
  readonly #node: ServerNode;
  readonly #refresh = new SingleFlight(() => this.#look(), REFRESH_AGAIN_MS);

  constructor(address: ServerAddress, pool: NodePool) {
    this.#node = pool.at(address);
  }

  get trouble(): string | null {
    return this.#node.trouble;
  }

  primaryOf(): ServerNode {
    return this.#node;
  }

  primaries(): readonly ServerNode[] {
    return [this.#node];
  }

  redirect(): null {
    return null;
  }

  refresh(): Promise<void> {
    return this.#refresh.request();
  }

  close(): void {}

  async #look(): Promise<void> {
    await this.#node.look();
    if (this.#node.health?.isPrimary === false) this.#node.drop("The server is no primary");
  }
}
