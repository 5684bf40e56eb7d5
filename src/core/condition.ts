// What a key must be like before a write is applied. Conditions are judged inside the commit, by the engine, with this
// one function, so that every engine means the same by them.
import type { EntryInfo, Tag } from "./entry.ts";
import type { EpochMs } from "./expiry.ts";

export type Condition =
  | { readonly is: "absent" }
  | { readonly is: "present" }
  /** The entry is in one of these states. */
  | { readonly is: "at"; readonly tags: readonly Tag[] }
  /** There is no entry, or it is in none of these states. */
  | { readonly is: "notAt"; readonly tags: readonly Tag[] }
  /** Not modified after the second that this instant names (HTTP dates have no finer); holds where there is no entry. */
  | { readonly is: "unmodifiedSince"; readonly at: EpochMs };

/** No condition: what most writes ask. */
export const ALWAYS: readonly Condition[] = [];

/** What a condition looks at; null stands for no live entry. */
export type ConditionSubject = Pick<EntryInfo, "tag" | "modifiedAt"> | null;

export function allHold(conditions: readonly Condition[], current: ConditionSubject): boolean {
  return conditions.every((condition) => holds(condition, current));
}

export function holds(condition: Condition, current: ConditionSubject): boolean {
  switch (condition.is) {
    case "absent":
      return current === null;
    case "present":
      return current !== null;
    case "at":
      return current !== null && condition.tags.includes(current.tag);
    case "notAt":
      return current === null || !condition.tags.includes(current.tag);
    case "unmodifiedSince":
      return current === null || current.modifiedAt < condition.at + 1000;
    default:
      return condition satisfies never;
  }
}
