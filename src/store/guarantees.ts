// What an engine promises, in words for those who use it: made of its capabilities alone, so that no page can promise what
// no engine declares. The table of docs/guarantees.md; nothing of it decides anything.
import type { Capabilities } from "./store.ts";

export interface Guarantee {
  /** What a reader asks; the same for every engine, in the same order. */
  readonly question: string;
  /** The members of `store` in `/-/info` that say so. */
  readonly members: readonly (keyof Capabilities)[];
  readonly answer: string;
}

/** How many copies on other machines a write waits for, and whether for the disks too. */
interface Promised {
  readonly copies: number;
  readonly isSynced: boolean;
}

/** One for each question, in Markdown. */
export function guaranteesOf(capabilities: Capabilities): readonly Guarantee[] {
  const { atomicity, order, reads, durability, deletions, servers, promise } = capabilities;
  const promised = parsePromise(promise);
  return [
    { question: "a success means", members: ["promise"], answer: `\`${promise}\`: ${meaningOf(promised)}` },
    {
      question: "it survives `kill -9` of Keyhold",
      members: ["durability"],
      answer: durability === "none" ? "no" : "yes",
    },
    {
      question: "it survives a crash of the kernel, loss of power",
      members: ["durability", "promise"],
      answer: powerLoss(durability, promised),
    },
    {
      question: "it survives the loss of a machine",
      members: ["durability", "servers", "promise"],
      answer: machineLoss(capabilities, promised),
    },
    { question: "several entries in one request", members: ["atomicity"], answer: ATOMICITY[atomicity] },
    { question: "revisions, and the order of changes", members: ["order"], answer: ORDER[order] },
    { question: "events of a watch", members: ["order"], answer: EVENTS[order] },
    { question: "entries that are read together", members: ["reads"], answer: READS[reads] },
    { question: "`DELETE /keys`", members: ["deletions"], answer: DELETIONS[deletions] },
    { question: "servers that may share the store", members: ["servers"], answer: SERVERS[servers] },
  ];
}

const ATOMICITY = {
  store: "all or none, whatever the keys",
  partition:
    "all or none where the keys lie in one partition, as keys with the same `{tag}` do; else 422 `cross-partition`, and nothing is done",
} as const satisfies Record<Capabilities["atomicity"], string>;

const ORDER = {
  store: "one sequence for the whole store",
  partition: "one sequence in each partition, and so for each key; none between partitions",
} as const satisfies Record<Capabilities["order"], string>;

const EVENTS = {
  store: "each has an id to resume from; each is told once",
  partition: "some have an id; those behind the last one are told again to who resumes",
} as const satisfies Record<Capabilities["order"], string>;

const READS = {
  snapshot: "are of one instant",
  "per-entry": "are each of their own instant",
} as const satisfies Record<Capabilities["reads"], string>;

const DELETIONS = {
  "one-commit": "is one commit, of one instant",
  "page-by-page":
    "goes page by page; the number is exact, what is written meanwhile may go or stay. Not with an `Idempotency-Key`, unless by `key=` of one partition",
} as const satisfies Record<Capabilities["deletions"], string>;

const SERVERS = {
  one: "one at a time",
  many: "any number; they share entries, watches and tokens",
} as const satisfies Record<Capabilities["servers"], string>;

/** @throws on a promise that is none: a mistake in an engine */
function parsePromise(promise: string): Promised {
  const [whole, copies, synced] = /^(?:applied|fsync|replicated:([1-9]\d*)(\+fsync)?)$/.exec(promise) ?? [];
  if (whole === undefined) throw new RangeError(`No such promise: ${promise}`);
  return { copies: Number(copies ?? 0), isSynced: promise === "fsync" || synced !== undefined };
}

function meaningOf({ copies, isSynced }: Promised): string {
  if (copies === 0) return isSynced ? "it is on the disk" : "it can be read";
  const held = `${copies} other machine${copies === 1 ? " has" : "s have"} it too`;
  return isSynced ? `it is on the disk, and ${held}` : held;
}

function powerLoss(durability: Capabilities["durability"], { copies, isSynced }: Promised): string {
  switch (durability) {
    case "power-loss":
      return "yes";
    case "process-crash":
      return "the last writes may be gone; the store stays whole";
    case "none":
      return "no";
    case "delegated":
      if (copies > 0)
        return `yes, unless all machines that have it go at once${isSynced ? " and another takes over" : ""}`;
      return isSynced
        ? "yes, once the machine is back; not where another takes over meanwhile"
        : "as the servers of the store are set up: the last writes may be gone";
    default:
      return durability satisfies never;
  }
}

function machineLoss({ durability, servers }: Capabilities, { copies }: Promised): string {
  if (durability === "none") return "no";
  if (servers === "one") return "no: keep [backups](backup.md)";
  if (copies === 0) return "no: what no other machine has by then is gone";
  return `yes, unless ${copies + 1} that have it are lost at once; as the servers elect, which is their best effort and no proof`;
}
