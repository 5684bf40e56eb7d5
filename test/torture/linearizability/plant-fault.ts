// Faults for the checker to find: a history that was recorded of real contention, in which one answer is changed so that no order can
// explain it any more. Each kind is a violation by its construction, whatever the checker says: what it rests on is said beside it. A
// fault is planted either with all that was told of tags and revisions, or in a history without them, where only values can give it away.
import type { SeededRandom } from "../../support/seeded-random.ts";
import { type Answer, NOTHING_TOLD, type Operation, type Shown } from "./key-model.ts";

export interface PlantedHistory {
  /** What was planted, as "stale-read". */
  readonly kind: string;
  readonly operations: readonly Operation[];
}

/** The history of a key, with what the faults are made of. */
interface Parts {
  readonly operations: readonly Operation[];
  readonly random: SeededRandom;
  /** Acknowledged puts: no other write can bring about their values. */
  readonly puts: readonly Put[];
  /** Acknowledged writes and deletions: each has ended the state before it. */
  readonly changes: readonly Operation[];
  readonly reads: readonly Read[];
}

interface Put {
  readonly operation: Operation;
  readonly value: string;
  readonly entry: Shown;
}

interface Read {
  readonly operation: Operation;
  readonly entry: Shown | null;
}

/** One answer that is to be another; null where the history has no place for such a fault. */
type Planted = { readonly operation: Operation; readonly instead: Operation | null } | null;

const KINDS: Readonly<Record<string, { readonly needsTags: boolean; readonly plant: (parts: Parts) => Planted }>> = {
  // A put, then a write or deletion that began after it, then a read that began after that shows the put's value, which is gone.
  "stale-read": { needsTags: false, plant: (parts) => readPast(parts, (change) => change.answer.kind === "written") },
  "read-of-what-was-deleted": {
    needsTags: false,
    plant: (parts) => readPast(parts, (change) => change.answer.kind === "removed"),
  },
  "value-that-nobody-wrote": {
    needsTags: false,
    plant: ({ reads, random }) => {
      const read = pickOf(
        random,
        reads.filter(({ entry }) => entry !== null && entry.value !== null),
      );
      if (read?.entry == null) return null;
      return {
        operation: read.operation,
        instead: shows(read.operation, { ...read.entry, value: "nobodys", bytes: null }),
      };
    },
  },
  // What a read has shown was put by nobody, once the put is said to have done nothing.
  "refused-write-that-took-effect": {
    needsTags: false,
    plant: ({ puts, reads, random }) => {
      const seen = puts.filter(({ value }) => reads.some(({ entry }) => entry?.value === value));
      const put = pickOf(random, seen);
      return put === null ? null : { operation: put.operation, instead: null };
    },
  },
  // The entry was put, and nothing that deletes had anything to do until after the read.
  "lost-write": {
    needsTags: false,
    plant: ({ puts, reads, operations, random }) => {
      const deletions = operations.filter(({ request }) => request.kind === "delete");
      const safe = reads.filter(
        ({ operation: read, entry }) =>
          entry !== null &&
          puts.some(
            ({ operation: put }) =>
              put.endedAt < read.calledAt &&
              deletions.every((each) => each.endedAt < put.calledAt || each.calledAt > read.endedAt),
          ),
      );
      const read = pickOf(random, safe);
      return read === null ? null : { operation: read.operation, instead: shows(read.operation, null) };
    },
  },
  // Of two that take one after the other, the second is given what the first has taken: a put's value, which cannot come back.
  "taken-twice": {
    needsTags: false,
    plant: ({ changes, puts, random }) => {
      const takes = changes.filter(({ request }) => request.kind === "delete" && request.isTake);
      const pairs = takes.flatMap((first) => {
        const { answer } = first;
        if (answer.kind !== "removed" || !puts.some(({ value }) => value === answer.entry.value)) return [];
        return takes.flatMap((second) => (first.endedAt < second.calledAt ? [{ second, answer }] : []));
      });
      const pair = pickOf(random, pairs);
      return pair === null ? null : { operation: pair.second, instead: { ...pair.second, answer: pair.answer } };
    },
  },
  // It is said to have been made on condition of a state that had ended before it began.
  "condition-on-what-was-gone": {
    needsTags: true,
    plant: ({ puts, changes, random }) => {
      const late = puts.flatMap(({ operation, value }) => {
        const { answer } = operation;
        if (answer.kind !== "written" || answer.isNew) return [];
        const gone = changes.filter(
          ({ answer: old, endedAt }) =>
            old.kind === "written" &&
            old.entry.tag !== null &&
            changes.some((between) => endedAt < between.calledAt && between.endedAt < operation.calledAt),
        );
        return gone.map((old) => ({ operation, value, old }));
      });
      const drawn = pickOf(random, late);
      if (drawn === null || drawn.old.answer.kind !== "written" || drawn.old.answer.entry.tag === null) return null;
      const { operation, value, old } = drawn;
      const condition = { kind: "tag", tag: drawn.old.answer.entry.tag } as const;
      return old === operation
        ? null
        : { operation, instead: { ...operation, request: { kind: "put", value, condition } } };
    },
  },
  // Its answer has a step too many: of one state two values are told, or of the one before it, as no revision lies between.
  "counted-twice": { needsTags: true, plant: (parts) => miscount(parts, (value, by) => value + by) },
  "lost-update": { needsTags: true, plant: (parts) => miscount(parts, (value, by) => value - by) },
  // A write that began after another had ended has the smaller revision.
  "revision-that-falls": {
    needsTags: true,
    plant: ({ changes, random }) => {
      const written = changes.flatMap((operation) =>
        operation.answer.kind === "written" ? [{ operation, answer: operation.answer }] : [],
      );
      const pairs = written.flatMap((first) =>
        written.flatMap((second) => (first.operation.endedAt < second.operation.calledAt ? [{ first, second }] : [])),
      );
      const pair = pickOf(random, pairs);
      if (pair === null) return null;
      const { operation, answer } = pair.second;
      const entry = { ...answer.entry, revision: (pair.first.answer.entry.revision ?? 0) - 1 };
      return { operation, instead: { ...operation, answer: { ...answer, entry } } };
    },
  },
  // A 304, or a tag, of a state that had ended.
  "stale-tag": {
    needsTags: true,
    plant: (parts) => readPast(parts, () => true, true),
  },
};

export const PLANT_KINDS: readonly string[] = Object.keys(KINDS);

/** Null where the history has no place for any fault of the kind that is drawn. */
export function plantFault(history: readonly Operation[], random: SeededRandom): PlantedHistory | null {
  const [kind, { needsTags, plant }] = random.pick(Object.entries(KINDS));
  // Whatever a write without an answer has left, any tag could be its.
  if (needsTags && history.some(({ answer }) => answer.kind === "unknown")) return null;
  const isBare = !needsTags && random.oneIn(2);
  const operations = isBare ? withoutTags(history) : history;
  const planted = plant(partsOf(operations, random));
  if (planted === null) return null;
  const { operation, instead } = planted;
  const changed = operations.flatMap((each) => (each !== operation ? [each] : instead === null ? [] : [instead]));
  return { kind: isBare ? `${kind}, told by values alone` : kind, operations: changed };
}

/** The history as it would be without revisions and tags: correct where it was, and harder to judge. */
export function withoutTags(history: readonly Operation[]): readonly Operation[] {
  return history.flatMap((operation) => {
    const { request, answer } = operation;
    if (answer.kind === "mismatch" || (request.kind === "read" && request.view === "unless")) return [];
    const isTagged = "condition" in request && request.condition.kind === "tag";
    const asked = isTagged ? { ...request, condition: { kind: "none" } as const } : request;
    return [{ ...operation, request: asked, answer: withoutTag(answer) }];
  });
}

function withoutTag(answer: Answer): Answer {
  if (!("entry" in answer) || answer.entry === null) return answer;
  return { ...answer, entry: { ...answer.entry, tag: null, revision: null } };
}

function partsOf(operations: readonly Operation[], random: SeededRandom): Parts {
  const puts = operations.flatMap((operation) => {
    const { request, answer } = operation;
    return request.kind === "put" && answer.kind === "written"
      ? [{ operation, value: request.value, entry: answer.entry }]
      : [];
  });
  const changes = operations.filter(({ answer: { kind } }) => kind === "written" || kind === "removed");
  const reads = operations.flatMap((operation) =>
    operation.answer.kind === "shown" ? [{ operation, entry: operation.answer.entry }] : [],
  );
  return { operations, random, puts, changes, reads };
}

function readPast(
  { puts, changes, reads, random }: Parts,
  isEnding: (change: Operation) => boolean,
  isTagOnly = false,
): Planted {
  for (let tries = 0; tries < 20; tries++) {
    const put = pickOf(random, puts);
    if (put === null) return null;
    const ends = changes.filter((change) => isEnding(change) && put.operation.endedAt < change.calledAt);
    const change = pickOf(random, ends.slice(0, 3));
    if (change === null) continue;
    const read = pickOf(random, reads.filter(({ operation }) => change.endedAt < operation.calledAt).slice(0, 10));
    if (read === null) continue;
    const {
      value,
      entry: { tag, revision },
    } = put;
    if (isTagOnly && tag === null) continue;
    const entry = isTagOnly ? { ...NOTHING_TOLD, tag } : { value, bytes: value.length, tag, revision };
    return { operation: read.operation, instead: shows(read.operation, entry) };
  }
  return null;
}

/** Only where the state before and the state behind the count are told by others: the answer's own step is what both rest on. */
function miscount({ operations, random }: Parts, wrong: (value: number, by: number) => number): Planted {
  const counted = operations.flatMap((operation) => {
    const { request, answer } = operation;
    if (request.kind !== "count" || answer.kind !== "written") return [];
    const isTold = operations.some(
      (other) =>
        other !== operation &&
        other.answer.kind === "shown" &&
        other.answer.entry?.value != null &&
        other.answer.entry.tag === answer.entry.tag,
    );
    return isTold ? [{ operation, answer, by: request.by }] : [];
  });
  const drawn = pickOf(random, counted);
  if (drawn === null) return null;
  const { operation, answer, by } = drawn;
  const entry = { ...answer.entry, value: String(wrong(Number(answer.entry.value), by)) };
  return { operation, instead: { ...operation, answer: { ...answer, entry } } };
}

function shows(operation: Operation, entry: Shown | null): Operation {
  return { ...operation, answer: { kind: "shown", entry } };
}

function pickOf<T>(random: SeededRandom, items: readonly T[]): T | null {
  return items.length === 0 ? null : random.pick(items);
}
