// What two stores tell of the same history is compared by the states that each key has gone through: its first, its second,
// and so on. Which numbers and texts a store gives them as revisions and tags is its own affair, as long as it keeps the
// contract: a greater revision for each later state of a key, and a tag that no other state of it has.
import type { Mutation } from "../../src/core/batch.ts";
import type { Condition } from "../../src/core/condition.ts";
import { type EntryInfo, type Revision, type Tag, toRevision } from "../../src/core/entry.ts";
import type { Key } from "../../src/core/key.ts";

interface State {
  readonly revision: Revision;
  readonly tag: Tag;
}

/** No store gives it. */
const UNKNOWN = toRevision(Number.MAX_SAFE_INTEGER);

/** The states that one store has told of, by their keys. */
export class HistoryStates {
  readonly #states = new Map<Key, State[]>();

  /** Which state of its key it is, from 1 on. @throws Error where its revision or its tag is none that a state may have */
  rankOf({ key, revision, tag }: Pick<EntryInfo, "key" | "revision" | "tag">): number {
    const states = this.#states.get(key) ?? [];
    this.#states.set(key, states);
    const index = states.findIndex((state) => state.revision === revision);
    const known = states[index];
    if (known !== undefined) {
      if (known.tag !== tag) throw new Error(`The state ${revision} of ${key} has the tags ${known.tag} and ${tag}`);
      return index + 1;
    }
    const last = states.at(-1);
    if (last !== undefined && last.revision >= revision)
      throw new Error(`${revision} of ${key} follows ${last.revision}`);
    if (states.some((state) => state.tag === tag)) throw new Error(`Two states of ${key} have the tag ${tag}`);
    states.push({ revision, tag });
    return states.length;
  }

  /** The mutation with its conditions on the same states as `other` calls them. */
  translate(mutation: Mutation, other: HistoryStates): Mutation {
    return { ...mutation, when: mutation.when.map((condition) => this.#translate(mutation.key, condition, other)) };
  }

  #translate(key: Key, condition: Condition, other: HistoryStates): Condition {
    const states = this.#states.get(key) ?? [];
    const others = other.#states.get(key) ?? [];
    switch (condition.is) {
      case "at":
      case "notAt":
        return {
          ...condition,
          tags: condition.tags.map((tag) => others[states.findIndex((state) => state.tag === tag)]?.tag ?? tag),
        };
      case "atRevision": {
        const index = states.findIndex(({ revision }) => revision === condition.revision);
        return { ...condition, revision: others[index]?.revision ?? UNKNOWN };
      }
      default:
        return condition;
    }
  }
}

/** For each change the rank of its revision among those of its key in the log, from 1 on. */
export function logRanks(changes: readonly { readonly key: Key; readonly revision: Revision }[]): readonly number[] {
  const byKey = Map.groupBy(changes, ({ key }) => key);
  const ranks = new Map(
    [...byKey].map(([key, own]) => [
      key,
      [...new Set(own.map(({ revision }): number => revision))].toSorted((one, other) => one - other),
    ]),
  );
  return changes.map(({ key, revision }) => (ranks.get(key)?.indexOf(revision) ?? -1) + 1);
}
