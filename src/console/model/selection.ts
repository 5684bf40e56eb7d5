// Which keys the list shows, and how that is asked: a prefix, and what was typed into the filter. Plain text means keys that
// contain it; text with a wildcard is a pattern for the whole key, from the prefix on.
import { type Ask, ask, query } from "./ask.ts";

export interface Selection {
  readonly prefix: string;
  readonly filter: string;
}

export const EVERY_KEY: Selection = { prefix: "", filter: "" };

/** Null where the filter says nothing. */
export function patternOf({ prefix, filter }: Selection): string | null {
  if (filter === "") return null;
  return /[*?$]/.test(filter) ? literal(prefix) + filter : `*${literal(filter)}*`;
}

/** The query parameters that name the selection. */
export function selecting(selection: Selection): { readonly prefix: string; readonly filter: string | null } {
  return { prefix: selection.prefix, filter: patternOf(selection) };
}

/** What somebody would ask for the same list with curl. */
export function listAsk(selection: Selection): Ask {
  return ask("GET", `/keys${query({ ...selecting(selection), keys: true, limit: 100 })}`);
}

export function isWhole({ prefix, filter }: Selection): boolean {
  return prefix === "" && filter === "";
}

function literal(text: string): string {
  return text.replaceAll(/[\\*?$]/g, "\\$&");
}
