// Preconditions as RFC 9110 §13 and docs/protocol.md §9 have them, read anew.
import { type Dialect, type Expectation, refusing, tagIn } from "./expectation.ts";
import { NULL, number, type Tree } from "./json-tree.ts";
import { type Ask, fieldOf } from "./messages.ts";
import type { Entry } from "./world.ts";

export const CONDITION_FIELDS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];

export type Judgement = "go on" | "not modified" | "failed";

const TAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;

/** A malformed list of tags; dates that are malformed are no conditions. */
export function isMalformed(ask: Ask): boolean {
  return ["if-match", "if-none-match"].some((name) => {
    const text = fieldOf(ask, name);
    return text !== null && text.trim() !== "*" && !TAG_LIST.test(text);
  });
}

/** @param dialect - the view that a read would answer; null for a write, which takes the tags of both */
export function judge(ask: Ask, entry: Entry | null, dialect: Dialect | null): Judgement {
  const isRead = dialect !== null;
  const match = fieldOf(ask, "if-match");
  const unmodified = dateOf(ask, "if-unmodified-since");
  if (match !== null) {
    const states = entry === null ? null : tagsOf(entry, null);
    if (!names(match, states, "strong")) return "failed";
  } else if (unmodified !== null && entry !== null && secondOf(entry) > unmodified) return "failed";
  const noneMatch = fieldOf(ask, "if-none-match");
  if (noneMatch !== null) {
    const states = entry === null ? null : tagsOf(entry, dialect);
    if (names(noneMatch, states, "weak")) return isRead ? "not modified" : "failed";
    return "go on";
  }
  const modified = dateOf(ask, "if-modified-since");
  if (isRead && modified !== null && entry !== null && secondOf(entry) <= modified) return "not modified";
  return "go on";
}

/** Whether a Range counts under If-Range. */
export function allowsRange(ask: Ask, entry: Entry): boolean {
  const text = fieldOf(ask, "if-range");
  return text === null || text === entry.tag;
}

export function failed(entry: Entry | null): Expectation {
  const revision: Tree = entry?.revision == null ? NULL : number(entry.revision);
  return refusing(412, "precondition-failed", { revision });
}

function tagsOf({ tag }: Entry, dialect: Dialect | null): readonly string[] {
  if (tag === null) throw new Error("The model knows no tag of an entry that a condition is about");
  return dialect === null ? [tag, tagIn("json", tag)] : [tagIn(dialect, tag)];
}

/** Whether a field names one of the states; null for no entry. */
function names(text: string, states: readonly string[] | null, comparison: "strong" | "weak"): boolean {
  if (states === null) return false;
  if (text.trim() === "*") return true;
  const tags = text.match(/(?:W\/)?"[^"]*"/g) ?? [];
  if (comparison === "strong") return tags.some((tag) => states.includes(tag));
  return tags.some((tag) => states.includes(tag.replace(/^W\//, "")));
}

/** Null where there is none, or none that can be read. */
function dateOf(ask: Ask, name: string): number | null {
  const text = fieldOf(ask, name);
  const isDate = text !== null && /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text);
  return isDate ? Date.parse(text) : null;
}

/** As Last-Modified shows it. */
function secondOf({ modified }: Entry): number {
  const [from, to] = [modified.from, modified.to].map((ms) => Math.floor(ms / 1000) * 1000);
  if (from === undefined || from !== to) throw new Error("The model knows no second of an entry that a date is about");
  return from;
}
