// Whether the servers can keep the promise, asked once before the engine is taken for open: a server that cannot would not be
// noticed before entries are lost.
import { KeyholdError } from "../../core/errors.ts";
import { ConnectionLost, type ServerAddress } from "./connection.ts";
import { onlineReplicaAddresses, parseInfo, textOf } from "./info.ts";
import type { NodePool } from "./node-pool.ts";
import { pause, within } from "./pause.ts";
import { type Reply, ReplyError } from "./reply.ts";
import { doubtsOf, refusalOf, replicaRefusalOf, type ServerFacts } from "./requirements.ts";
import { faultOf } from "./server-errors.ts";
import { nameOf } from "./server-name.ts";
import type { ServerNode } from "./server-node.ts";
import type { ServersOptions } from "./servers.ts";
import type { ServerMap } from "./topology.ts";

/** Servers that are started together with us are given so long to be there. */
const START_MS = 3000;
const TRY_AGAIN_MS = 100;
/** A replica that takes longer is not asked: others keep us from it, perhaps. */
const REPLICA_MS = 1000;

/** What may be otherwise a moment later. */
class NotYet extends Error {}

/** @throws KeyholdError "unavailable" with what is wrong and the line to change */
export async function checkServers(map: ServerMap, pool: NodePool, options: ServersOptions): Promise<void> {
  const givenUpAt = performance.now() + Math.max(START_MS, options.deadlineMs);
  for (;;) {
    try {
      await check(map, pool, options);
      return;
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      if (performance.now() > givenUpAt) throw new KeyholdError("unavailable", error.message);
      await pause(TRY_AGAIN_MS);
    }
  }
}

async function check(map: ServerMap, pool: NodePool, options: ServersOptions): Promise<void> {
  await map.refresh();
  const primaries = map.primaries();
  // Who has no slots is not what it was taken for, and can tell why.
  const asked = primaries.length > 0 || map.kind === "sentinel" ? primaries : pool.nodes;
  const all = await Promise.all(asked.map(gather));
  const refusals = all.map((facts) => refusalOf(facts, options)).filter((refusal) => refusal !== null);
  const lasting = refusals.find(({ mayPass }) => !mayPass);
  if (lasting !== undefined) throw new KeyholdError("unavailable", lasting.sentence);
  if (refusals[0] !== undefined) throw new NotYet(refusals[0].sentence);
  if (primaries.length === 0) throw new NotYet(`Cannot find the primary: ${map.trouble ?? "nobody has any slot"}`);
  for (const facts of all) {
    for (const doubt of doubtsOf(facts, options)) options.log.warn("promise-in-doubt", doubt);
    await checkReplicas(facts, pool, options);
  }
  await Promise.all(primaries.filter(({ health }) => health === null).map((node) => node.look()));
  const { log, topology, promise } = options;
  const names = primaries.map(({ address }) => nameOf(address)).join(", ");
  log.info("servers-open", `Writes go to ${names} (${topology}), and are acknowledged as ${promise.text}`);
}

/** Their logs, where the promise is about these. A replica that cannot be reached from here is taken on trust. */
async function checkReplicas({ info }: ServerFacts, pool: NodePool, options: ServersOptions): Promise<void> {
  if (!options.promise.fsync || options.promise.replicas === 0) return;
  for (const address of onlineReplicaAddresses(info)) {
    const facts = await gatherOnce(address, pool);
    const refusal = facts === null ? null : replicaRefusalOf(facts, options);
    if (refusal !== null) throw new KeyholdError("unavailable", refusal);
    if (facts !== null && facts.appendFsync !== null) continue;
    options.log.warn(
      "promise-in-doubt",
      `Replica ${nameOf(address)} does not tell its appendfsync; that it is always is taken on trust`,
    );
  }
}

async function gatherOnce(address: ServerAddress, pool: NodePool): Promise<ServerFacts | null> {
  const node = pool.apart(address);
  try {
    return await within(REPLICA_MS, gather(node), null);
  } catch (error) {
    if (error instanceof NotYet || error instanceof KeyholdError) return null;
    throw error;
  } finally {
    node.close();
  }
}

/** @throws NotYet, KeyholdError "unavailable" when the server lets nobody in */
async function gather(node: ServerNode): Promise<ServerFacts> {
  const name = nameOf(node.address);
  try {
    const [info, appendFsync, minReplicas, script] = await node.ask(
      ["INFO"],
      ["CONFIG", "GET", "appendfsync"],
      ["CONFIG", "GET", "min-replicas-to-write"],
      ["EVAL", "return 1", "0"],
    );
    if (info instanceof ReplyError) throw new KeyholdError("unavailable", `Server ${name} answers ${info.message}`);
    const lines = parseInfo(info ?? null);
    if (lines === null) throw new KeyholdError("unavailable", `Server ${name} does not answer INFO`);
    const scriptError = script instanceof ReplyError ? script : null;
    if (scriptError !== null && faultOf(scriptError).act.kind === "retry" && lines.get("role") === "master") {
      throw new NotYet(`Server ${name}: ${faultOf(scriptError).reason} (${scriptError.code})`);
    }
    const min = settingOf(minReplicas);
    return {
      address: node.address,
      info: lines,
      appendFsync: settingOf(appendFsync),
      minReplicas: min === null ? null : Number(min),
      scriptError,
    };
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    const sentence = `Cannot reach server ${error.message}`;
    const { answer } = error;
    if (answer !== null && faultOf(answer).act.kind === "give-up") {
      throw new KeyholdError(
        "unavailable",
        `Server ${error.message}; see user, password and database of the store's URL`,
      );
    }
    throw new NotYet(sentence);
  }
}

/** Of CONFIG GET: name and value; null where it was refused. */
function settingOf(reply: Reply | undefined): string | null {
  return Array.isArray(reply) ? textOf(reply[1]) : null;
}
