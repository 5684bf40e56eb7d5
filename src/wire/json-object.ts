// Reads a JSON object into its members with the text of each value as it was sent: values are stored as text, never parsed
// and printed again, so that 106242075399214372653, 1.0 and the order of members survive. JSON.parse judges the grammar;
// the walk below only finds where values begin and end, and so may assume that the text is valid.
import { KeyholdError } from "../core/errors.ts";
import { endOfString, endOfWord, skipSpace } from "./json-scan.ts";

export interface JsonMember {
  readonly name: string;
  /** The value's JSON text, without white space around it. */
  readonly text: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** @throws "invalid-json" unless the bytes are well-formed UTF-8 */
export function decodeJsonText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new KeyholdError("invalid-json", "Cannot read the body as JSON: it is not valid UTF-8", {}, { cause: error });
  }
}

/**
 * The members of a JSON object, in the order sent.
 *
 * @param refuse - what other JSON is refused with, told what it is
 * @throws "invalid-json" unless the text is JSON, and of an object with distinct member names
 */
export function parseJsonObject(
  text: string,
  refuse: (found: string) => KeyholdError = notAnObject,
): readonly JsonMember[] {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw refuse(describe(parsed));
  }
  return requireDistinct(splitMembers(text));
}

/**
 * As parseJsonObject(), of a part of a text that has been parsed.
 *
 * Requires: valid JSON, without white space around it.
 */
export function membersOf(text: string, refuse: (found: string) => Error): readonly JsonMember[] {
  if (!text.startsWith("{")) throw refuse(describe(JSON.parse(text)));
  return requireDistinct(splitMembers(text));
}

/**
 * The elements of a JSON array, each as its text.
 *
 * @param refuse - what other JSON is refused with, told what it is
 * Requires: valid JSON, without white space around it.
 */
export function elementsOf(text: string, refuse: (found: string) => Error): readonly string[] {
  if (!text.startsWith("[")) throw refuse(describe(JSON.parse(text)));
  const elements: string[] = [];
  let position = skipSpace(text, 1);
  while (text[position] !== "]") {
    const end = endOfValue(text, position);
    elements.push(text.slice(position, end));
    const separator = skipSpace(text, end);
    if (text[separator] !== ",") break;
    position = skipSpace(text, separator + 1);
  }
  return elements;
}

function requireDistinct(members: readonly JsonMember[]): readonly JsonMember[] {
  const names = new Set<string>();
  for (const { name } of members) {
    if (names.has(name)) {
      throw new KeyholdError("invalid-json", `Cannot use the body: it names ${JSON.stringify(name)} twice`, {
        key: name,
      });
    }
    names.add(name);
  }
  return members;
}

/** @throws "invalid-json" unless the text is JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^JSON Parse error: /, "") : String(error);
    throw new KeyholdError("invalid-json", `Cannot read the body as JSON: ${reason}`, {}, { cause: error });
  }
}

/** Requires: valid JSON text of one object. */
function splitMembers(text: string): readonly JsonMember[] {
  const members: JsonMember[] = [];
  let position = skipSpace(text, text.indexOf("{") + 1);
  while (text[position] === '"') {
    const nameEnd = endOfString(text, position);
    const name: unknown = JSON.parse(text.slice(position, nameEnd));
    const valueStart = skipSpace(text, text.indexOf(":", nameEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    members.push({ name: String(name), text: text.slice(valueStart, valueEnd) });
    const separator = skipSpace(text, valueEnd);
    position = skipSpace(text, separator + 1);
    if (text[separator] !== ",") break;
  }
  return members;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  return first === "{" || first === "[" ? endOfNested(text, start) : endOfWord(text, start);
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  for (let position = start; position < text.length; ) {
    const character = text[position];
    if (character === '"') {
      position = endOfString(text, position);
      continue;
    }
    if (character === "{" || character === "[") depth++;
    if (character === "}" || character === "]") depth--;
    position++;
    if (depth === 0) return position;
  }
  return text.length;
}

function notAnObject(found: string): KeyholdError {
  return new KeyholdError("invalid-json", `Cannot use the body: a JSON object is needed, this is ${found}`);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object" && !Array.isArray(value)) return "an object";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
