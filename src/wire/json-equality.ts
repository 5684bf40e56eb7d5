// Whether two JSON values are equal as RFC 6902 §4.6 says: strings by their characters, numbers by their value, arrays item
// by item, objects without regard to order. Numbers are compared as decimals, never as what JavaScript would make of them.
// Nothing here recurses: both sides come from outside.
import { itemNodes, type JsonArray, type JsonNode, type JsonObject, memberNodes, stringOf } from "./json-tree.ts";

/** Longer numbers equal only themselves as written: comparing them again and again would cost more than it is worth. */
export const COMPARED_NUMBER_LENGTH = 4096;
/** Units of JSON text that one unit of a string may take: `\u0061`. */
const ESCAPED_UNIT_LENGTH = 6;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** A number's sign and digits, without zeros at either end, and the power of ten of its last digit. */
interface Decimal {
  readonly digits: string;
  readonly exponent: bigint;
}

export function isJsonEqual(a: JsonNode, b: JsonNode): boolean {
  const waiting: (readonly [JsonNode, JsonNode])[] = [[a, b]];
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const [left, right] = pair;
    if (!isAlike(left, right, waiting)) return false;
  }
  return true;
}

/** Compares what stands in the two nodes themselves, and hands on the pairs that stand below them. */
function isAlike(a: JsonNode, b: JsonNode, below: (readonly [JsonNode, JsonNode])[]): boolean {
  if (typeof a === "string" || typeof b === "string") {
    return typeof a === "string" && typeof b === "string" && isLeafEqual(a, b);
  }
  if (a.kind === "array") return b.kind === "array" && pairItems(a, b, below);
  return b.kind === "object" && pairMembers(a, b, below);
}

function pairItems(a: JsonArray, b: JsonArray, below: (readonly [JsonNode, JsonNode])[]): boolean {
  const others = itemNodes(b);
  if (itemNodes(a).length !== others.length) return false;
  for (const [index, item] of itemNodes(a).entries()) {
    const other = others[index];
    if (other === undefined) return false;
    below.push([item, other]);
  }
  return true;
}

function pairMembers(a: JsonObject, b: JsonObject, below: (readonly [JsonNode, JsonNode])[]): boolean {
  const others = memberNodes(b);
  if (memberNodes(a).size !== others.size) return false;
  for (const [name, { value }] of memberNodes(a)) {
    const other = others.get(name);
    if (other === undefined) return false;
    below.push([value, other.value]);
  }
  return true;
}

function isLeafEqual(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.startsWith('"')) return b.startsWith('"') && isStringEqual(a, b);
  const left = parseDecimal(a);
  const right = parseDecimal(b);
  return left !== null && right !== null && left.digits === right.digits && left.exponent === right.exponent;
}

function isStringEqual(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  // Spares reading a long string once for each test that it cannot equal.
  if (longer.length - 2 > (shorter.length - 2) * ESCAPED_UNIT_LENGTH) return false;
  return stringOf(a) === stringOf(b);
}

/** null for what is no number, or too long to be compared. */
function parseDecimal(text: string): Decimal | null {
  const match = text.length > COMPARED_NUMBER_LENGTH ? null : NUMBER.exec(text);
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return { digits: "0", exponent: 0n };
  const kept = lengthWithoutZeros(digits);
  return {
    digits: sign + digits.slice(0, kept),
    exponent: BigInt(exponent.replace(/^\+/, "")) - BigInt(fraction.length) + BigInt(digits.length - kept),
  };
}

/** Up to the last digit that is not zero. */
function lengthWithoutZeros(digits: string): number {
  let length = digits.length;
  while (digits[length - 1] === "0") length--;
  return length;
}
