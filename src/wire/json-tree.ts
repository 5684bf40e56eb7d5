// JSON text as a tree that can be changed while all that is not changed keeps its very text: numbers of any length, the
// order of members (an object of JavaScript moves "10" before "a"), names such as `__proto__`, escapes, white space. A
// leaf is its text; an array or an object is a stretch of text until somebody looks inside. Nothing here recurses, and a
// text is walked once however deep it is nested: keep both, as the texts come from outside.
import { endOfString, endOfWord, skipSpace } from "./json-scan.ts";

/** The text of a string, a number, true, false or null, without white space around it; or what holds other nodes. */
export type JsonNode = string | JsonArray | JsonObject;

export interface JsonArray extends Container {
  readonly kind: "array";
  /** null until itemNodes() is asked. */
  items: JsonNode[] | null;
}

export interface JsonObject extends Container {
  readonly kind: "object";
  /** null until memberNodes() is asked. */
  members: Map<string, MemberNode> | null;
  /** A name that stands here twice, known once memberNodes() was asked; its last value counts, at its first place. */
  repeatedName: string | null;
}

export interface MemberNode {
  /** The name as it was written, with its quotes and escapes. */
  readonly nameText: string;
  readonly value: JsonNode;
}

interface Container {
  readonly source: Source;
  /** Which of the containers of the source, in the order in which they begin. */
  readonly ordinal: number;
  /** Whether the text is to be made of what is inside. Whoever changes a node sets it here and on all nodes above. */
  isChanged: boolean;
}

/** A text, and for each array and object in it, in the order in which they begin, */
interface Source {
  readonly text: string;
  /** where its bracket opens, */
  readonly starts: readonly number[];
  /** where the text behind its closing bracket begins, */
  readonly ends: readonly number[];
  /** and the ordinal of the first that begins behind it. */
  readonly nexts: readonly number[];
}

/** How far a container's inside has been read. */
interface Cursor {
  position: number;
  /** Of the container that begins next. */
  ordinal: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const SQUARE_OPEN = 0x5b;
const SQUARE_CLOSE = 0x5d;
const CURLY_OPEN = 0x7b;
const CURLY_CLOSE = 0x7d;

/** Requires: valid JSON text. */
export function readJsonTree(text: string): JsonNode {
  return takeValue(indexContainers(text), { position: skipSpace(text, 0), ordinal: 0 });
}

/** The node's JSON text, without white space around it; a container that was changed has none between its parts. */
export function writeJsonTree(root: JsonNode): string {
  const parts: string[] = [];
  // What is still to be written, the next one last. Brackets and commas wait here as leaves do: all are texts.
  const waiting: JsonNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node === "string") parts.push(node);
    else if (!node.isChanged) parts.push(originalText(node));
    else if (node.kind === "array") pushItems(node, waiting);
    else pushMembers(node, waiting);
  }
  return parts.join("");
}

/** The items, which the caller may change. */
export function itemNodes(array: JsonArray): JsonNode[] {
  array.items ??= readItems(array);
  return array.items;
}

/** The members in their order, which the caller may change. */
export function memberNodes(object: JsonObject): Map<string, MemberNode> {
  object.members ??= readMembers(object);
  return object.members;
}

/** A node of its own at each call. */
export function emptyObject(): JsonObject {
  const source = indexContainers("{}");
  return { kind: "object", source, ordinal: 0, isChanged: false, members: new Map(), repeatedName: null };
}

/** The string that a text such as `"a\u0062"` stands for. */
export function stringOf(text: string): string {
  return text.includes("\\") ? String(JSON.parse(text)) : text.slice(1, -1);
}

function originalText({ source, ordinal }: Container): string {
  return source.text.slice(source.starts[ordinal], source.ends[ordinal]);
}

function pushItems(array: JsonArray, waiting: JsonNode[]): void {
  const items = itemNodes(array);
  waiting.push("]");
  for (let index = items.length - 1; index >= 0; index--) {
    waiting.push(items[index] ?? "null");
    if (index > 0) waiting.push(",");
  }
  waiting.push("[");
}

function pushMembers(object: JsonObject, waiting: JsonNode[]): void {
  const members = [...memberNodes(object).values()];
  waiting.push("}");
  for (const [index, { nameText, value }] of members.toReversed().entries()) {
    waiting.push(value, `${nameText}:`);
    if (index < members.length - 1) waiting.push(",");
  }
  waiting.push("{");
}

/** Requires: valid JSON text. */
function indexContainers(text: string): Source {
  const starts: number[] = [];
  const ends: number[] = [];
  const nexts: number[] = [];
  const open: number[] = [];
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) position = endOfString(text, position) - 1;
    else if (code === SQUARE_OPEN || code === CURLY_OPEN) {
      open.push(starts.length);
      starts.push(position);
      ends.push(position);
      nexts.push(starts.length);
    } else if (code === SQUARE_CLOSE || code === CURLY_CLOSE) {
      const ordinal = open.pop() ?? 0;
      ends[ordinal] = position + 1;
      nexts[ordinal] = starts.length;
    }
  }
  return { text, starts, ends, nexts };
}

function readItems({ source, ordinal }: JsonArray): JsonNode[] {
  const { text } = source;
  const cursor = insideOf(source, ordinal);
  const items: JsonNode[] = [];
  while (text.charCodeAt(cursor.position) !== SQUARE_CLOSE) {
    items.push(takeValue(source, cursor));
    skipSeparator(text, cursor);
  }
  return items;
}

function readMembers(object: JsonObject): Map<string, MemberNode> {
  const { source } = object;
  const { text } = source;
  const cursor = insideOf(source, object.ordinal);
  const members = new Map<string, MemberNode>();
  while (text.charCodeAt(cursor.position) !== CURLY_CLOSE) {
    const nameEnd = endOfString(text, cursor.position);
    const nameText = text.slice(cursor.position, nameEnd);
    cursor.position = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const value = takeValue(source, cursor);
    const name = stringOf(nameText);
    if (members.has(name)) object.repeatedName = name;
    members.set(name, { nameText, value });
    skipSeparator(text, cursor);
  }
  return members;
}

function insideOf({ text, starts }: Source, ordinal: number): Cursor {
  return { position: skipSpace(text, (starts[ordinal] ?? 0) + 1), ordinal: ordinal + 1 };
}

/** The value that begins at the cursor, which is then just behind it. */
function takeValue(source: Source, cursor: Cursor): JsonNode {
  const { text, ends, nexts } = source;
  const { position, ordinal } = cursor;
  const code = text.charCodeAt(position);
  if (code === SQUARE_OPEN || code === CURLY_OPEN) {
    cursor.position = ends[ordinal] ?? text.length;
    cursor.ordinal = nexts[ordinal] ?? ordinal + 1;
    return makeContainer(source, ordinal);
  }
  cursor.position = code === QUOTE ? endOfString(text, position) : endOfWord(text, position);
  return text.slice(position, cursor.position);
}

function makeContainer(source: Source, ordinal: number): JsonArray | JsonObject {
  const isArray = source.text.charCodeAt(source.starts[ordinal] ?? 0) === SQUARE_OPEN;
  return isArray
    ? { kind: "array", source, ordinal, isChanged: false, items: null }
    : { kind: "object", source, ordinal, isChanged: false, members: null, repeatedName: null };
}

/** Moves from behind a value to the next one, or to the closing bracket. */
function skipSeparator(text: string, cursor: Cursor): void {
  const position = skipSpace(text, cursor.position);
  cursor.position = text.charCodeAt(position) === COMMA ? skipSpace(text, position + 1) : position;
}
