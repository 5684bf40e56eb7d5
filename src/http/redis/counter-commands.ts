// Counters: integers of 64 bits, and decimal numbers. A counter keeps its media type and its end.
import { COUNTER_TYPE } from "../../core/edit.ts";
import { type Answer, integer, text } from "./answer.ts";
import { type Argument, fitsInt64, integerOf, keyOf, parseInteger, textOf } from "./arguments.ts";
import { add, type Decimal, formatDecimal, parseDecimal } from "./decimal.ts";
import type { Draft } from "./draft.ts";
import { NOT_A_FLOAT, NOT_AN_INTEGER, Refusal } from "./refusal.ts";

const encoder = new TextEncoder();
const INT64_MIN = -(2n ** 63n);
const NOTHING = new Uint8Array();
const ZERO: Decimal = { digits: 0n, places: 0 };

/** INCR and DECR. */
export function countBy(step: bigint) {
  return ([name]: readonly Argument[], draft: Draft): Promise<Answer> => count(name, step, draft);
}

export async function incrby([name, by = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> {
  return count(name, integerOf(by), draft);
}

export async function decrby([name, by = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> {
  const step = integerOf(by);
  if (step === INT64_MIN) throw new Refusal("ERR decrement would overflow");
  return count(name, -step, draft);
}

export async function incrbyfloat([name, by = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const standing = await draft.find(key);
  const value = standing === null ? ZERO : decimalOf(standing.value);
  const sum = formatDecimal(add(value, decimalOf(by)));
  draft.replace(key, encoder.encode(sum), standing, COUNTER_TYPE);
  return text(sum);
}

async function count(name: Argument | undefined, step: bigint, draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const standing = await draft.find(key);
  const value = standing === null ? 0n : parseInteger(standing.value);
  if (value === null) throw new Refusal(NOT_AN_INTEGER);
  const sum = value + step;
  if (!fitsInt64(sum)) throw new Refusal("ERR increment or decrement would overflow");
  draft.replace(key, encoder.encode(String(sum)), standing, COUNTER_TYPE);
  return integer(sum);
}

function decimalOf(value: Uint8Array): Decimal {
  const decimal = value.length > 1024 ? null : parseDecimal(textOf(value));
  if (decimal === null) throw new Refusal(NOT_A_FLOAT);
  return decimal;
}
