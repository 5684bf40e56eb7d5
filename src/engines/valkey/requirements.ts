// What servers must be so that the promise can be kept, judged by what they say of themselves: INFO, which all answer, and
// CONFIG, which those of providers do not. What cannot be kept is refused with the line to change; what cannot be known is
// taken on trust, with a warning.

import type { WritePromise } from "../../core/write-promise.ts";
import type { ServerAddress } from "./connection.ts";
import { type Info, numberOf, onlineReplicas } from "./info.ts";
import type { ReplyError } from "./reply.ts";
import { nameOf } from "./server-name.ts";
import type { Topology } from "./servers.ts";

export interface ServerFacts {
  readonly address: ServerAddress;
  readonly info: Info;
  /** Null where the server does not tell. */
  readonly appendFsync: string | null;
  /** Null where the server does not tell. */
  readonly minReplicas: number | null;
  /** What it answers to a script that does nothing; null where it runs it. */
  readonly scriptError: ReplyError | null;
}

export interface Wanted {
  readonly topology: Topology;
  readonly promise: WritePromise;
}

/** A sentence that says what is wrong, what is needed, and what to do; null where all is well. */
export type Judge = (facts: ServerFacts, wanted: Wanted) => string | null;

const REDIS_MIN = [7, 0] as const;
const VALKEY_MIN = [7, 2] as const;

/** What is not met. */
export interface Refusal {
  readonly sentence: string;
  /** Whether it may be met a moment later, as servers that choose a primary among themselves come to agree after a failover. */
  readonly mayPass: boolean;
}

/** In the order in which they are told: what makes the others meaningless first. */
const REQUIREMENTS: readonly Judge[] = [
  isNoSentinel,
  hasVersion,
  hasTopology,
  isPrimary,
  runsScripts,
  keepsEntries,
  keepsLog,
  syncsLog,
  hasReplicas,
];

const PASSING: readonly Judge[] = [isPrimary, hasReplicas];

const DOUBTS: readonly Judge[] = [doubtPolicy, doubtLog, doubtSync, doubtReplicas, doubtPartition];

/** The first that is not met, of a server that is to take writes; null where all are. */
export function refusalOf(facts: ServerFacts, wanted: Wanted): Refusal | null {
  for (const judge of REQUIREMENTS) {
    const sentence = judge(facts, wanted);
    if (sentence !== null) return { sentence, mayPass: wanted.topology !== "standalone" && PASSING.includes(judge) };
  }
  return null;
}

export function doubtsOf(facts: ServerFacts, wanted: Wanted): readonly string[] {
  return DOUBTS.map((judge) => judge(facts, wanted)).filter((doubt) => doubt !== null);
}

/** Of a replica, where the promise is about logs too. */
export function replicaRefusalOf(facts: ServerFacts, wanted: Wanted): string | null {
  return wanted.promise.fsync ? (keepsLog(facts, wanted) ?? syncsLog(facts, wanted)) : null;
}

function isNoSentinel({ address, info }: ServerFacts): string | null {
  if ((info.get("server_mode") ?? info.get("redis_mode")) !== "sentinel") return null;
  const name = nameOf(address);
  return `Server ${name} is a Sentinel and has no entries: name it as valkey+sentinel://${name}/NAME, where NAME is its primary's`;
}

function hasVersion({ address, info }: ServerFacts): string | null {
  const valkey = info.get("valkey_version");
  const version = valkey ?? info.get("redis_version") ?? "";
  const [major, minor] = valkey === undefined ? REDIS_MIN : VALKEY_MIN;
  const [actualMajor = 0, actualMinor = 0] = version.split(".").map(Number);
  if (actualMajor > major || (actualMajor === major && actualMinor >= minor)) return null;
  const program = valkey === undefined ? "Redis" : "Valkey";
  const actual = version === "" ? "does not tell its version" : `runs ${program} ${version}`;
  return `Server ${nameOf(address)} ${actual}: Redis ${REDIS_MIN.join(".")} or Valkey ${VALKEY_MIN.join(".")} is needed, or later`;
}

function hasTopology({ address, info }: ServerFacts, { topology }: Wanted): string | null {
  const name = nameOf(address);
  const isNode = info.get("cluster_enabled") === "1";
  if (isNode && topology === "sentinel") {
    return `Server ${name} is a node of a cluster, which has no Sentinels: name it as valkey+cluster://${name}`;
  }
  if (isNode === (topology === "cluster")) return null;
  return isNode
    ? `Server ${name} is a node of a cluster (cluster_enabled 1): name it as valkey+cluster://${name}`
    : `Server ${name} is no node of a cluster (cluster_enabled 0): name it as valkey://${name}`;
}

function isPrimary({ address, info }: ServerFacts, { topology }: Wanted): string | null {
  const role = info.get("role");
  if (role === "master") return null;
  const primary = info.has("master_host") ? `${info.get("master_host")}:${info.get("master_port")}` : "the primary";
  const cure =
    topology === "standalone"
      ? `name its primary, valkey://${primary}`
      : `the servers do not agree yet that ${primary} is the primary; try again when they do`;
  return `Server ${nameOf(address)} is a replica (role ${role ?? "unknown"}), and takes no writes: ${cure}`;
}

function runsScripts({ address, scriptError }: ServerFacts): string | null {
  if (scriptError === null) return null;
  const way =
    scriptError.code === "NOPERM"
      ? "give its user +@scripting (ACL SETUSER)"
      : "use a server that runs EVAL and EVALSHA";
  return `Server ${nameOf(address)} does not run scripts (EVAL answers ${scriptError.code}), which every write is: ${way}`;
}

function keepsEntries({ address, info }: ServerFacts): string | null {
  const policy = info.get("maxmemory_policy");
  if (policy === undefined || policy === "noeviction") return null;
  return `Server ${nameOf(address)} throws entries away when its memory is full (maxmemory_policy ${policy}); it must be noeviction: CONFIG SET maxmemory-policy noeviction`;
}

function keepsLog({ address, info }: ServerFacts, { promise }: Wanted): string | null {
  if (promise.kind === "applied" || info.get("aof_enabled") === "1") return null;
  return `Server ${nameOf(address)} keeps no log of its writes (aof_enabled ${info.get("aof_enabled") ?? "unknown"}), which the promise ${promise.text} needs: CONFIG SET appendonly yes, or start with --promise applied`;
}

function syncsLog({ address, appendFsync }: ServerFacts, { promise }: Wanted): string | null {
  if (!promise.fsync || appendFsync === null || appendFsync === "always") return null;
  const less = promise.replicas > 0 ? `replicated:${promise.replicas}` : "applied";
  return `Server ${nameOf(address)} does not wait for its disk (appendfsync ${appendFsync}), which the promise ${promise.text} needs: CONFIG SET appendfsync always, or start with --promise ${less}`;
}

function hasReplicas({ address, info }: ServerFacts, { promise }: Wanted): string | null {
  const online = onlineReplicas(info);
  if (online >= promise.replicas) return null;
  const less =
    online > 0 ? `replicated:${online}${promise.fsync ? "+fsync" : ""}` : promise.fsync ? "fsync" : "applied";
  return `Server ${nameOf(address)} has ${online} replicas online, and the promise ${promise.text} needs ${promise.replicas}: add replicas, or start with --promise ${less}`;
}

function doubtPolicy({ address, info }: ServerFacts): string | null {
  if (info.has("maxmemory_policy")) return null;
  return `Server ${nameOf(address)} does not tell its maxmemory_policy; that it is noeviction is taken on trust`;
}

function doubtLog({ address, info }: ServerFacts, { promise }: Wanted): string | null {
  if (promise.kind !== "applied" || info.get("aof_enabled") === "1") return null;
  return `Server ${nameOf(address)} keeps no log of its writes (aof_enabled ${numberOf(info, "aof_enabled")}): what it has acknowledged may be lost when it ends`;
}

function doubtSync({ address, appendFsync }: ServerFacts, { promise }: Wanted): string | null {
  if (!promise.fsync || appendFsync !== null) return null;
  return `Server ${nameOf(address)} does not tell its appendfsync; that it is always is taken on trust`;
}

function doubtReplicas({ address, info }: ServerFacts, { promise }: Wanted): string | null {
  if (promise.replicas === 0 || onlineReplicas(info) !== promise.replicas) return null;
  return `Server ${nameOf(address)} has ${promise.replicas} replicas online, as many as must confirm a write: while one is away, no write can be taken; add one`;
}

/** A primary that the Sentinels have replaced, and that does not know it, goes on taking writes that will be lost. */
function doubtPartition({ address, minReplicas }: ServerFacts, { topology, promise }: Wanted): string | null {
  if (topology !== "sentinel" || promise.replicas > 0 || (minReplicas ?? 0) > 0) return null;
  const actual = minReplicas === null ? "does not tell its min-replicas-to-write" : "has min-replicas-to-write 0";
  return `Server ${nameOf(address)} ${actual}: cut off from the others, it takes writes that are lost later; CONFIG SET min-replicas-to-write 1, or start with --promise replicated:1`;
}
