// Conditional requests (RFC 9110 §13). For writes the fields become conditions that the engine judges inside the commit;
// for reads they are judged here, on the entry that was read, in the order of §13.2.2.
import type { Condition } from "../core/condition.ts";
import { ALWAYS } from "../core/condition.ts";
import { type EntryInfo, type Tag, toTag } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, toEpochMs } from "../core/expiry.ts";
import { quote } from "../core/quote.ts";
import { entityTag } from "../wire/entry-json.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";

/** What tells the tag of the JSON view from that of the value itself. */
export const JSON_VIEW_SUFFIX = "-j";

export type ReadVerdict = "proceed" | "not-modified" | "failed";

/** What a list of entity tags says: any entry, or these. */
type TagList = "any" | readonly ParsedTag[];

interface ParsedTag {
  readonly text: string;
  readonly isWeak: boolean;
}

/** A tag and what must follow it: a comma or the end. */
const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|$)/y;
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*(?:GMT|\d{4})$/;
const CONDITION_FIELDS = [FIELD.ifMatch, FIELD.ifNoneMatch, FIELD.ifUnmodifiedSince] as const;

/** The conditions of a write. @throws "invalid-header" on a malformed list of tags */
export function readWriteConditions(incoming: Incoming): readonly Condition[] {
  const ifMatch = incoming.header(FIELD.ifMatch);
  const ifNoneMatch = incoming.header(FIELD.ifNoneMatch);
  const ifUnmodifiedSince = incoming.header(FIELD.ifUnmodifiedSince);
  if (ifMatch === null && ifNoneMatch === null && ifUnmodifiedSince === null) return ALWAYS;
  const conditions: Condition[] = [];
  if (ifMatch !== null) {
    const list = parseTagList(FIELD.ifMatch, ifMatch);
    conditions.push(list === "any" ? { is: "present" } : { is: "at", tags: strongTags(list) });
  } else if (ifUnmodifiedSince !== null) {
    const at = parseHttpDate(ifUnmodifiedSince);
    if (at !== null) conditions.push({ is: "unmodifiedSince", at });
  }
  if (ifNoneMatch !== null) {
    const list = parseTagList(FIELD.ifNoneMatch, ifNoneMatch);
    conditions.push(list === "any" ? { is: "absent" } : { is: "notAt", tags: list.map(({ text }) => stateOf(text)) });
  }
  return conditions;
}

/** Conditions are about one entry. @throws "invalid-header" where a request for many carries them */
export function refuseConditions(incoming: Incoming): void {
  const field = CONDITION_FIELDS.find((name) => incoming.header(name) !== null);
  if (field === undefined) return;
  throw new KeyholdError("invalid-header", `Cannot apply ${field} to many entries: send it with a request for one`);
}

/** Whether a GET or HEAD of this view of an entry is to be answered. @throws "invalid-header" on a malformed list of tags */
export function judgeRead(incoming: Incoming, entry: EntryInfo, suffix: string): ReadVerdict {
  const ifMatch = incoming.header(FIELD.ifMatch);
  if (ifMatch !== null) {
    const list = parseTagList(FIELD.ifMatch, ifMatch);
    if (list !== "any" && !strongTags(list).includes(entry.tag)) return "failed";
  } else if (isModifiedSince(incoming.header(FIELD.ifUnmodifiedSince), entry) === true) {
    return "failed";
  }
  const ifNoneMatch = incoming.header(FIELD.ifNoneMatch);
  if (ifNoneMatch !== null) {
    const list = parseTagList(FIELD.ifNoneMatch, ifNoneMatch);
    const isKnown = list === "any" || list.some(({ text }) => text === `${entry.tag}${suffix}`);
    return isKnown ? "not-modified" : "proceed";
  }
  return isModifiedSince(incoming.header(FIELD.ifModifiedSince), entry) === false ? "not-modified" : "proceed";
}

/** Whether a client that asks for what is no entry has it already. @throws "invalid-header" on a malformed list of tags */
export function hasAlready(incoming: Incoming, tag: string): boolean {
  const field = incoming.header(FIELD.ifNoneMatch);
  if (field === null) return false;
  const list = parseTagList(FIELD.ifNoneMatch, field);
  return list === "any" || list.some(({ text }) => `"${text}"` === tag);
}

/**
 * Whether a Range may be applied: there is no If-Range, or it names this very state. A date never does: entries can change
 * twice in the second that it names, so it is no strong validator (RFC 9110 §13.1.5), and the whole value is always right.
 */
export function allowsRange(incoming: Incoming, entry: EntryInfo): boolean {
  const ifRange = incoming.header(FIELD.ifRange);
  return ifRange === null || ifRange === entityTag(entry.tag, "");
}

/** Null where the field is absent or no date, and so is ignored (RFC 9110 §13.1.3). */
function isModifiedSince(field: string | null, entry: EntryInfo): boolean | null {
  const at = field === null ? null : parseHttpDate(field);
  return at === null ? null : wholeSecond(entry.modifiedAt) > at;
}

/** Weak tags never match where a strong comparison is asked (RFC 9110 §8.8.3.2). Either view's tag names the state. */
function strongTags(list: readonly ParsedTag[]): readonly Tag[] {
  return list.filter(({ isWeak }) => !isWeak).map(({ text }) => stateOf(text));
}

function stateOf(text: string): Tag {
  return toTag(text.endsWith(JSON_VIEW_SUFFIX) ? text.slice(0, -JSON_VIEW_SUFFIX.length) : text);
}

function parseTagList(field: string, text: string): TagList {
  if (text.trim() === "*") return "any";
  const tags: ParsedTag[] = [];
  let position = 0;
  for (;;) {
    while (" \t,".includes(text[position] ?? "end")) position++;
    if (position >= text.length) break;
    ENTITY_TAG.lastIndex = position;
    const match = ENTITY_TAG.exec(text);
    if (match === null) throw invalidTags(field, text);
    tags.push({ text: match[2] ?? "", isWeak: match[1] !== undefined });
    position = ENTITY_TAG.lastIndex;
  }
  if (tags.length === 0) throw invalidTags(field, text);
  return tags;
}

function invalidTags(field: string, text: string): KeyholdError {
  return new KeyholdError(
    "invalid-header",
    `Cannot read ${field}: ${quote(text)} is no list of entity tags; send "*" or the ETag of an answer with its quotes`,
  );
}

/** Null for what is no date. One before 1970 is before every entry, as 1970 is, and no instant that an engine could pack. */
function parseHttpDate(text: string): EpochMs | null {
  const ms = HTTP_DATE.test(text) ? Date.parse(text.endsWith("GMT") ? text : `${text} GMT`) : Number.NaN;
  return Number.isNaN(ms) ? null : toEpochMs(Math.max(0, ms));
}

function wholeSecond(at: EpochMs): number {
  return Math.floor(at / 1000) * 1000;
}
