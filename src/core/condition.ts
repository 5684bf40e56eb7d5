// What a key must be like before a write is applied. Conditions are judged inside the commit, by the engine, with this
// one function, so that every engine means the same by them.
import type { EntryInfo, Revision, Tag } from "./entry.ts";
import type { EpochMs } from "./expiry.ts";

export type Condition =
  | { readonly is: "absent" }
  | { readonly is: "present" }
  /** The entry is in one of these states. */
  | { readonly is: "at"; readonly tags: readonly Tag[] }
  /** The entry's latest write is this one. */
  | { readonly is: "atRevision"; readonly revision: Revision }
  /** There is no entry, or it is in none of these states. */
  | { readonly is: "notAt"; readonly tags: readonly Tag[] }
  /** The entry ends at this instant; null for never. A change of expiry alone keeps the tag, and is seen by this. */
  | { readonly is: "endsAt"; readonly at: EpochMs | null }
  /** Not modified after the second that this instant names (HTTP dates have no finer); holds where there is no entry. */
  | { readonly is: "unmodifiedSince"; readonly at: EpochMs };

/** No condition: what most writes ask. */
export const ALWAYS: readonly Condition[] = [];

/** What a condition looks at; null stands for no live entry. */
export type ConditionSubject = Pick<EntryInfo, "tag" | "revision" | "modifiedAt" | "expiresAt"> | null;

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
    case "atRevision":
      return current !== null && current.revision === condition.revision;
    case "notAt":
      return current === null || !condition.tags.includes(current.tag);
    case "endsAt":
      return current !== null && current.expiresAt === condition.at;
    case "unmodifiedSince":
      return current === null || current.modifiedAt < condition.at + 1000;
    default:
      return condition satisfies never;
  }
}
