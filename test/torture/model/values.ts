// What a value looks like in JSON, and what JSON is as a value: docs/protocol.md §3, read anew.

import { object, parseTree, string, type Tree } from "./json-tree.ts";
import { bytesOf, textOf } from "./messages.ts";

export const TEXT = "text/plain; charset=utf-8";
export const BYTES = "application/octet-stream";
export const JSON_TYPE = "application/json";
export const FORM = "application/x-www-form-urlencoded";
export const MERGE_PATCH = "application/merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";

/** A value under its media type; each character of it is a byte. */
export interface Value {
  readonly bytes: string;
  readonly type: string;
}

export function isJsonType(type: string): boolean {
  const essence = essenceOf(type);
  return essence === JSON_TYPE || essence.endsWith("+json");
}

export function essenceOf(type: string): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase();
}

/** Null where the value is not JSON, or not of a JSON type. */
export function jsonOf({ bytes, type }: Value): Tree | null {
  const text = isJsonType(type) ? textOf(bytes) : null;
  return text === null ? null : parseTree(text);
}

export function viewOf(value: Value): Tree {
  const json = jsonOf(value);
  if (json !== null) return needsWrapping(json) ? object([["$json", json]]) : json;
  const text = textOf(value.bytes);
  if (text !== null) return string(text);
  return object([["$base64", string(Buffer.from(value.bytes, "latin1").toString("base64"))]]);
}

/** Null where the view is none of a value: a bare string with half of a surrogate pair. */
export function valueOfView(view: Tree): Value | null {
  if (view.kind === "string") return view.value.isWellFormed() ? { bytes: bytesOf(view.value), type: TEXT } : null;
  const only = view.kind === "object" && view.members.length === 1 ? view.members[0] : undefined;
  if (only?.[0] === "$base64" && only[1].kind === "string") {
    return { bytes: Buffer.from(only[1].value, "base64").toString("latin1"), type: BYTES };
  }
  const json = only?.[0] === "$json" ? only[1] : view;
  return json.kind === "hole" || json.text === null ? null : { bytes: bytesOf(json.text), type: JSON_TYPE };
}

function needsWrapping(json: Tree): boolean {
  if (json.kind === "string") return !json.value.isWellFormed();
  const only = json.kind === "object" && json.members.length === 1 ? json.members[0] : undefined;
  return only?.[0] === "$base64" || only?.[0] === "$json";
}
