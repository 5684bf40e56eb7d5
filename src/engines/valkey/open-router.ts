// Puts the servers together: who is known, who has what, who may write, and what looks after them.
import { ClusterMap } from "./cluster.ts";
import { NodePool } from "./node-pool.ts";
import { Patrol } from "./patrol.ts";
import { Router } from "./router.ts";
import { SentinelMap } from "./sentinel.ts";
import type { Servers, ServersOptions } from "./servers.ts";
import { StandaloneMap } from "./standalone.ts";
import { checkServers } from "./start-check.ts";
import type { ServerMap } from "./topology.ts";

export async function openRouter(options: ServersOptions): Promise<Servers> {
  const { access, promise, deadlineMs, preload, queuedCommits, queuedBytes } = options;
  const bounds = { commands: queuedCommits, bytes: queuedBytes };
  const pool = new NodePool({ access, promise, deadlineMs, preload, bounds });
  const map = makeMap(options, pool);
  const end = () => {
    map.close();
    pool.close();
  };
  try {
    await checkServers(map, options);
  } catch (error) {
    end();
    throw error;
  }
  const patrol = new Patrol(map, options.log);
  return new Router(options, {
    map,
    patrol,
    end: () => {
      patrol.stop();
      end();
    },
  });
}

function makeMap({ topology, seeds, masterName, sentinelAccess, log }: ServersOptions, pool: NodePool): ServerMap {
  switch (topology) {
    case "standalone": {
      const [address] = seeds;
      if (address === undefined) throw new RangeError("A server is needed");
      return new StandaloneMap(address, pool);
    }
    case "sentinel":
      return new SentinelMap(
        { sentinels: seeds, masterName: masterName ?? "mymaster", access: sentinelAccess, log },
        pool,
      );
    case "cluster":
      return new ClusterMap({ seeds, log }, pool);
  }
}
