// Commands as requests carry them: a JSON array in the body, a list of such arrays, or the path with the query behind it. A
// number or true in an array is its text as it was sent.
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { elementsOf, parseJson } from "../../wire/json-object.ts";
import { countParts } from "../../wire/json-scan.ts";
import { decodePath } from "../target.ts";
import type { Argument } from "./arguments.ts";
import { Refusal } from "./refusal.ts";

const encoder = new TextEncoder();

/** `["SET", "key", "value"]` @throws Refusal; "invalid-json" */
export function parseCommand(text: string): readonly Argument[] {
  return argumentsOf(requireJson(text));
}

/** `[["SET", "key", "value"], ["GET", "key"]]` As parseCommand(). */
export function parseCommands(text: string): readonly (readonly Argument[])[] {
  const lines = elements(requireJson(text));
  if (lines.length === 0) throw new Refusal("ERR empty pipeline request");
  if (lines.length > LIMITS.redisCommands) {
    throw new Refusal(`ERR ${lines.length} commands in one request, limit ${LIMITS.redisCommands}; send them in parts`);
  }
  return lines.map(argumentsOf);
}

/**
 * `/set/key/value?EX=60`, with the body, where there is one, before what the query says.
 *
 * @param path - behind the mount, still encoded
 * @throws "invalid-key" on malformed escapes
 */
export function commandOfPath(
  path: string,
  body: Uint8Array | null,
  query: readonly (readonly [name: string, value: string])[],
): readonly Argument[] {
  const words = path.split("/").map((word) => encoder.encode(decodePath(word)));
  const options = query.flatMap(([name, value]) => (value === "" ? [name] : [name, value]));
  return [...words, ...(body === null ? [] : [body]), ...options.map((option) => encoder.encode(option))];
}

function requireJson(text: string): string {
  // Before it is parsed: a body of its length may hold millions.
  const { all } = countParts(text);
  if (all > LIMITS.redisParts) {
    throw new Refusal(`ERR ${all} arguments in one request, limit ${LIMITS.redisParts}; send them in parts`);
  }
  parseJson(text);
  return text.trim();
}

function argumentsOf(text: string): readonly Argument[] {
  return elements(text).map((element) => {
    if (element.startsWith('"')) return encoder.encode(requireText(String(JSON.parse(element))));
    if (element === "null") throw new Refusal("ERR null args are not supported");
    if (element.startsWith("[") || element.startsWith("{")) {
      throw new Refusal("ERR arrays and objects are no arguments: send their JSON as a string");
    }
    return encoder.encode(element);
  });
}

function elements(text: string): readonly string[] {
  if (!text.startsWith("[")) throw noArray();
  return elementsOf(text, (found) => new KeyholdError("invalid-json", `An array is needed, this is ${found}`));
}

function requireText(text: string): string {
  if (text.isWellFormed()) return text;
  throw new Refusal("ERR a string with half of a surrogate pair is no text");
}

function noArray(): Refusal {
  return new Refusal(
    'ERR failed to parse the request: a command is a JSON array such as ["SET", "key", "value"], a pipeline or transaction an array of those',
  );
}
