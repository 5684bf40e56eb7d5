// What Sentinels say about a primary, and whom to believe where they do not agree.
//
// The number that each says beside the address counts fail-overs: a Sentinel that has the highest knows of the last one. It
// comes before the majority, as after a fail-over most still name the old one until they are told; a Sentinel that is cut off
// has an old number. Whoever is named is asked whether it is a primary before anything goes there.
import type { ServerAddress } from "./connection.ts";
import { textOf } from "./info.ts";
import { nameOf } from "./node-pool.ts";
import type { Reply } from "./reply.ts";

export interface SentinelAnswer {
  readonly address: ServerAddress;
  /** How many fail-overs this Sentinel knows of; 0 where it does not say. */
  readonly epoch: number;
}

/** Of SENTINEL GET-MASTER-ADDR-BY-NAME, and of SENTINEL MASTER, whose refusal is no error. Null where no primary is named. */
export function parseSentinelAnswer(named: Reply | undefined, described: Reply | undefined): SentinelAnswer | null {
  if (!Array.isArray(named)) return null;
  const [host, port] = named.map((part: Reply) => textOf(part));
  if (host === null || host === undefined || !/^\d+$/.test(port ?? "")) return null;
  return { address: { host, port: Number(port) }, epoch: epochOf(described) };
}

/** Each address once, the most credible first. */
export function rankAnswers(answers: readonly SentinelAnswer[]): readonly ServerAddress[] {
  const candidates = new Map<
    string,
    { readonly address: ServerAddress; readonly epoch: number; readonly votes: number }
  >();
  for (const { address, epoch } of answers) {
    const known = candidates.get(nameOf(address));
    candidates.set(nameOf(address), {
      address,
      epoch: Math.max(epoch, known?.epoch ?? 0),
      votes: (known?.votes ?? 0) + 1,
    });
  }
  const ranked = [...candidates.values()].toSorted((a, b) => b.epoch - a.epoch || b.votes - a.votes);
  return ranked.map(({ address }) => address);
}

/** Names and values, one behind the other. */
function epochOf(described: Reply | undefined): number {
  if (!Array.isArray(described)) return 0;
  const parts = described.map((part: Reply) => textOf(part));
  const epoch = Number(parts[parts.indexOf("config-epoch") + 1]);
  return parts.includes("config-epoch") && Number.isFinite(epoch) ? epoch : 0;
}
