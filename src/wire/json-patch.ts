// JSON Patch (RFC 6902) on JSON texts: reading a patch, and applying it to a value, all of it or nothing. What no operation
// touches keeps its text. Why not a library: docs/adr/0015. What bounds the work: values come from the patch, whose length
// is bounded, and copies may not be longer than a value in all, so that no text is made that was not paid for.
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import { isJsonEqual } from "./json-equality.ts";
import { parseJson } from "./json-object.ts";
import { type JsonPointer, leadsInto, parseIndex, parseJsonPointer } from "./json-pointer.ts";
import {
  itemNodes,
  type JsonNode,
  type MemberNode,
  memberNodes,
  readJsonTree,
  stringOf,
  writeJsonTree,
} from "./json-tree.ts";

/** A patch that can be applied any number of times. */
export type JsonPatch = readonly JsonPatchOperation[];

/** `value` is JSON text. */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: JsonPointer; readonly value: string }
  | { readonly op: "remove"; readonly path: JsonPointer }
  | { readonly op: "move" | "copy"; readonly path: JsonPointer; readonly from: JsonPointer };

/** A value while a patch is being applied. */
interface Editing {
  root: JsonNode;
  /** What the copies made so far are long, in UTF-16 units. */
  copiedLength: number;
  readonly maxBytes: number;
}

/** An operation and its place in the patch, for what is said when it cannot be applied. */
interface Step {
  readonly index: number;
  readonly operation: JsonPatchOperation;
}

type Members = ReadonlyMap<string, MemberNode>;

const encoder = new TextEncoder();

/**
 * A patch of at most LIMITS.patchOperations operations, whose paths have at most LIMITS.patchPathLength units each.
 *
 * @throws "invalid-json" unless the text is a JSON Patch; `operation` is the index of the first that is malformed;
 * "body-too-large" with the `limit` of operations
 */
export function parseJsonPatch(text: string): JsonPatch {
  parseJson(text);
  const root = readJsonTree(text);
  if (typeof root === "string" || root.kind !== "array") {
    throw new KeyholdError("invalid-json", "Cannot use the JSON Patch: an array of operations is needed");
  }
  const items = itemNodes(root);
  if (items.length > LIMITS.patchOperations) {
    throw new KeyholdError(
      "body-too-large",
      `Cannot use the JSON Patch: it has ${items.length} operations, and at most ${LIMITS.patchOperations} are allowed; send it in parts`,
      { limit: LIMITS.patchOperations },
    );
  }
  return items.map(parseOperation);
}

/**
 * The document as the patch changes it; as it was, to the letter, if every operation is a test.
 *
 * Requires: a document that is valid JSON text.
 *
 * @param limits - what the result may have, in bytes of UTF-8; all that is copied may be as long in all
 * @throws "patch-failed" with the index of the first `operation` that cannot be applied and its `path`; "value-too-large"
 * with the `limit`
 */
export function applyJsonPatch(document: string, patch: JsonPatch, limits: { readonly maxBytes: number }): string {
  const original = readJsonTree(document);
  const editing: Editing = { root: original, copiedLength: 0, maxBytes: limits.maxBytes };
  for (const [index, operation] of patch.entries()) applyOperation(editing, { index, operation });
  const { root } = editing;
  const isUntouched = root === original && (typeof root === "string" || !root.isChanged);
  const text = isUntouched ? document : writeJsonTree(root);
  if (encoder.encode(text).length > limits.maxBytes) throw tooLarge(limits.maxBytes);
  return text;
}

function applyOperation(editing: Editing, step: Step): void {
  const { operation } = step;
  switch (operation.op) {
    case "add":
      add(editing, step, readJsonTree(operation.value));
      break;
    case "replace":
      replace(editing, step, readJsonTree(operation.value));
      break;
    case "test":
      requireEqual(editing, step, operation.value);
      break;
    case "remove":
      remove(editing, step, operation.path);
      break;
    case "move":
      move(editing, step, operation.from);
      break;
    case "copy":
      copy(editing, step, operation.from);
      break;
    default:
      operation satisfies never;
  }
}

/** RFC 6902 §4.1. */
function add(editing: Editing, step: Step, value: JsonNode): void {
  const { path } = step.operation;
  const token = path.tokens.at(-1);
  if (token === undefined) {
    editing.root = value;
    return;
  }
  const trail = follow(editing, step, { text: path.text, tokens: path.tokens.slice(0, -1) });
  const parent = trail.at(-1);
  if (parent === undefined || typeof parent === "string") {
    throw misfit(step, `${quote(path.text)} leads into a value that is neither an object nor an array`);
  }
  markChanged(trail);
  if (parent.kind === "object") {
    putMember(memberNodes(parent), token, value);
    return;
  }
  const items = itemNodes(parent);
  const index = token === "-" ? items.length : parseIndex(token);
  if (index === null || index > items.length) {
    throw misfit(
      step,
      `${quote(token)} is no place in an array of ${items.length} items; use 0 to ${items.length}, or -`,
    );
  }
  items.splice(index, 0, value);
}

/** RFC 6902 §4.3. */
function replace(editing: Editing, step: Step, value: JsonNode): void {
  const { path } = step.operation;
  const trail = follow(editing, step, path);
  const parent = trail.at(-2);
  const token = path.tokens.at(-1) ?? "";
  if (parent === undefined || typeof parent === "string") {
    editing.root = value;
    return;
  }
  markChanged(trail.slice(0, -1));
  if (parent.kind === "object") putMember(memberNodes(parent), token, value);
  else itemNodes(parent)[Number(token)] = value;
}

/** RFC 6902 §4.6. */
function requireEqual(editing: Editing, step: Step, value: string): void {
  const { path } = step.operation;
  const found = follow(editing, step, path).at(-1);
  if (found !== undefined && isJsonEqual(found, readJsonTree(value))) return;
  throw misfit(step, `the value at ${quote(path.text)} is not the one that the test names`);
}

/** RFC 6902 §4.2. */
function remove(editing: Editing, step: Step, pointer: JsonPointer): JsonNode {
  const trail = follow(editing, step, pointer);
  const [parent, removed] = trail.slice(-2);
  const token = pointer.tokens.at(-1) ?? "";
  if (parent === undefined || typeof parent === "string" || removed === undefined) {
    throw misfit(step, "the whole value cannot be removed from its entry; DELETE the entry, or replace the value");
  }
  markChanged(trail.slice(0, -1));
  if (parent.kind === "object") memberNodes(parent).delete(token);
  else itemNodes(parent).splice(Number(token), 1);
  return removed;
}

/** RFC 6902 §4.4. A move to where the value is keeps its place among the members. */
function move(editing: Editing, step: Step, from: JsonPointer): void {
  if (from.text === step.operation.path.text) follow(editing, step, from);
  else add(editing, step, remove(editing, step, from));
}

/** RFC 6902 §4.5. Copies are texts of their own, counted before they are read: copying can double a value again and again. */
function copy(editing: Editing, step: Step, from: JsonPointer): void {
  const text = writeJsonTree(follow(editing, step, from).at(-1) ?? "null");
  editing.copiedLength += text.length;
  if (editing.copiedLength > editing.maxBytes) throw tooLarge(editing.maxBytes);
  add(editing, step, readJsonTree(text));
}

/** The nodes on the way, from the root to the one that the pointer names (RFC 6901 §4). @throws "patch-failed" */
function follow(editing: Editing, step: Step, pointer: JsonPointer): readonly JsonNode[] {
  const trail: JsonNode[] = [editing.root];
  let node = editing.root;
  for (const token of pointer.tokens) {
    const child = childOf(node, token);
    if (child === null) throw misfit(step, `${quote(pointer.text)} leads nowhere: nothing is at ${quote(token)}`);
    trail.push(child);
    node = child;
  }
  return trail;
}

function childOf(node: JsonNode, token: string): JsonNode | null {
  if (typeof node === "string") return null;
  if (node.kind === "object") return memberNodes(node).get(token)?.value ?? null;
  const index = parseIndex(token);
  return index === null ? null : (itemNodes(node)[index] ?? null);
}

/** A member that stands there keeps its place and the text of its name. */
function putMember(members: Map<string, MemberNode>, name: string, value: JsonNode): void {
  members.set(name, { nameText: members.get(name)?.nameText ?? JSON.stringify(name), value });
}

function markChanged(trail: readonly JsonNode[]): void {
  for (const node of trail) if (typeof node !== "string") node.isChanged = true;
}

function parseOperation(node: JsonNode, index: number): JsonPatchOperation {
  if (typeof node === "string" || node.kind !== "object") throw malformed(index, "it is no object");
  const members = memberNodes(node);
  if (node.repeatedName !== null) throw malformed(index, `it names ${quote(node.repeatedName)} twice`);
  const op = readString(members, "op", index);
  switch (op) {
    case "add":
    case "replace":
    case "test":
      return { op, path: readPointer(members, "path", index), value: readValue(members, index) };
    case "remove":
      return { op, path: readPointer(members, "path", index) };
    case "move":
    case "copy":
      return parseTransfer(op, members, index);
    default:
      throw malformed(index, `its "op" is ${quote(op)}; use add, remove, replace, move, copy or test`);
  }
}

function parseTransfer(op: "move" | "copy", members: Members, index: number): JsonPatchOperation {
  const path = readPointer(members, "path", index);
  const from = readPointer(members, "from", index);
  // RFC 6902 §4.4.
  if (op === "move" && leadsInto({ outer: from, inner: path })) {
    throw malformed(index, `a value cannot be moved into itself, from ${quote(from.text)} to ${quote(path.text)}`);
  }
  return { op, path, from };
}

function readPointer(members: Members, name: "path" | "from", index: number): JsonPointer {
  const text = readString(members, name, index);
  if (text.length > LIMITS.patchPathLength) {
    throw malformed(
      index,
      `its "${name}" has ${text.length} characters, and at most ${LIMITS.patchPathLength} are allowed`,
    );
  }
  const pointer = parseJsonPointer(text);
  if (pointer !== null) return pointer;
  const need = `empty, or a slash before each name or index, where ~ is written ~0 and a slash ~1`;
  throw malformed(index, `its "${name}" is ${quote(text)}, which is no JSON Pointer; make it ${need}`);
}

function readString(members: Members, name: string, index: number): string {
  const value = members.get(name)?.value;
  if (typeof value === "string" && value.startsWith('"')) return stringOf(value);
  throw malformed(index, `it needs a member "${name}" that is a string`);
}

function readValue(members: Members, index: number): string {
  const member = members.get("value");
  if (member === undefined) throw malformed(index, 'it needs a member "value"');
  return writeJsonTree(member.value);
}

function malformed(index: number, reason: string): KeyholdError {
  return new KeyholdError(
    "invalid-json",
    `Cannot use operation ${index} of the JSON Patch, counted from 0: ${reason}`,
    {
      operation: index,
    },
  );
}

function misfit({ index, operation }: Step, reason: string): KeyholdError {
  return new KeyholdError(
    "patch-failed",
    `Cannot apply operation ${index} of the JSON Patch, counted from 0, ${quote(operation.op)}: ${reason}`,
    { operation: index, path: operation.path.text },
  );
}

function tooLarge(maxBytes: number): KeyholdError {
  return new KeyholdError(
    "value-too-large",
    `Cannot apply the JSON Patch: the value, or what is copied within it, would have more than ${maxBytes} bytes; change less, or split the value`,
    { limit: maxBytes },
  );
}
