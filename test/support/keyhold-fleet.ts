// Keyhold servers over one set of Valkey servers, as processes, for the length of a test: what they are told of it, and what a
// black-box test asks all of them.
import { Http } from "./http-client.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { makeSocketClient } from "./socket-client.ts";
import type { Cluster } from "./valkey-cluster.ts";
import type { SentinelSet } from "./valkey-sentinel.ts";
import type { ServerAddress } from "./valkey-wire.ts";

/** From a request to its answer, as the servers are told. */
export const DEADLINE_MS = 2000;
/** What the way to the client and a busy machine may add. */
export const SLACK_MS = 1500;

export function clusterStore({ nodes }: Pick<Cluster, "nodes">): readonly string[] {
  return ["--store", `valkey+cluster://${namesOf(nodes)}`, "--engine-deadline", `${DEADLINE_MS}ms`];
}

export function sentinelStore({ sentinels, name }: Pick<SentinelSet, "sentinels" | "name">): readonly string[] {
  return ["--store", `valkey+sentinel://${namesOf(sentinels)}/${name}`, "--engine-deadline", `${DEADLINE_MS}ms`];
}

export function standaloneStore(address: ServerAddress): readonly string[] {
  return ["--store", `valkey://${namesOf([{ address }])}/0`, "--engine-deadline", `${DEADLINE_MS}ms`];
}

/**
 * Starts a server by each list of arguments, one after the other, as the first creates the store.
 *
 * @param wrapper - as of startServerProcess()
 */
export async function withKeyholds(
  commands: readonly (readonly string[])[],
  body: (servers: readonly ServerProcess[]) => Promise<void>,
  wrapper: readonly string[] = [],
): Promise<void> {
  const servers: ServerProcess[] = [];
  try {
    for (const args of commands) servers.push(await startServerProcess(args, wrapper));
    await body(servers);
  } catch (error) {
    for (const server of servers) await tellOfEnd(server);
    throw error;
  } finally {
    for (const server of servers) {
      server.kill("SIGKILL");
      await server.exited;
    }
  }
}

/** A server that has ended by itself says why. */
async function tellOfEnd({ exited, output, pid }: ServerProcess): Promise<void> {
  const code = await Promise.race([exited, Bun.sleep(0).then((): "runs" => "runs")]);
  if (code !== "runs") console.log(`Server ${pid} has ended with ${code}: ${output().slice(-2000)}`);
}

export async function withKeyhold(
  args: readonly string[],
  body: (server: ServerProcess, http: Http) => Promise<void>,
): Promise<void> {
  await withKeyholds([args], async ([server]) => {
    if (server === undefined) throw new Error("No server was started");
    await body(server, httpOf(server));
  });
}

/** A connection for each request. */
export function httpOf({ url }: Pick<ServerProcess, "url">): Http {
  return new Http(makeSocketClient(url));
}

function namesOf(nodes: readonly { readonly address: ServerAddress }[]): string {
  return nodes.map(({ address }) => `${address.host}:${address.port}`).join(",");
}
