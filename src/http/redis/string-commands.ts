// Commands on values: GET, SET and their kin. Each works on a draft and knows neither store nor HTTP.
import { TEXT_TYPE } from "../../core/edit.ts";
import type { Key } from "../../core/key.ts";
import { type Answer, bytes, integer, list, NIL, OK } from "./answer.ts";
import { type Argument, type EndOptions, integerOf, keyOf, readEnd, readEndOptions } from "./arguments.ts";
import type { Draft, Standing } from "./draft.ts";
import { Refusal, tooLong, wrongCount } from "./refusal.ts";

const NOTHING = new Uint8Array();

export async function get([key]: readonly Argument[], draft: Draft): Promise<Answer> {
  return shown(await draft.find(keyOf(key)));
}

export async function mget(args: readonly Argument[], draft: Draft): Promise<Answer> {
  const keys = args.map(keyOf);
  await draft.prepare(keys);
  const found: Answer[] = [];
  for (const key of keys) found.push(shown(await draft.find(key)));
  return list(found);
}

export async function set([name, value = NOTHING, ...rest]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const options = readEndOptions(rest, ["NX", "XX", "GET", "KEEPTTL"]);
  const end = options.end === null ? null : readEnd(options.end, "set");
  const standing = needsStanding(options) ? await draft.find(key) : null;
  const isWanted = options.when === "always" || (options.when === "present") === (standing !== null);
  if (isWanted) {
    if (options.keeps && standing !== null) draft.setKeeping(key, value, standing);
    else draft.set(key, value, end);
  }
  if (options.wantsOld) return shown(standing);
  return isWanted ? OK : NIL;
}

export async function setnx([name, value = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  if ((await draft.find(key)) !== null) return integer(0);
  draft.set(key, value, null);
  return integer(1);
}

/** SETEX and PSETEX. */
export function setWithEnd(unit: "EX" | "PX", command: string) {
  return async ([name, time = NOTHING, value = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> => {
    const key = keyOf(name);
    draft.set(key, value, readEnd({ unit, value: time }, command));
    return OK;
  };
}

export async function getset([name, value = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const old = await draft.find(key);
  draft.set(key, value, null);
  return shown(old);
}

export async function getdel([name]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const old = await draft.find(key);
  if (old !== null) draft.remove(key);
  return shown(old);
}

export async function getex([name, ...rest]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const options = readEndOptions(rest, ["PERSIST"]);
  const standing = await draft.find(key);
  if (standing === null) return NIL;
  if (options.end !== null) {
    const end = readEnd(options.end, "getex");
    if (draft.hasPassed(end)) draft.remove(key);
    else draft.end(key, standing, end);
  } else if (options.persists && standing.expiresAt !== null) {
    draft.end(key, standing, null);
  }
  return shown(standing);
}

export async function mset(args: readonly Argument[], draft: Draft): Promise<Answer> {
  setAll(
    pairsOf(args, "mset").map(([key, value]) => [keyOf(key), value]),
    draft,
  );
  return OK;
}

export async function msetnx(args: readonly Argument[], draft: Draft): Promise<Answer> {
  const pairs = pairsOf(args, "msetnx").map(([key, value]) => [keyOf(key), value] as const);
  await draft.prepare(pairs.map(([key]) => key));
  for (const [key] of pairs) if ((await draft.find(key)) !== null) return integer(0);
  setAll(pairs, draft);
  return integer(1);
}

export async function append([name, value = NOTHING]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const standing = await draft.find(key);
  const whole = Buffer.concat([standing?.value ?? NOTHING, value]);
  draft.replace(key, new Uint8Array(whole), standing, TEXT_TYPE);
  return integer(whole.length);
}

export async function strlen([name]: readonly Argument[], draft: Draft): Promise<Answer> {
  return integer((await draft.find(keyOf(name)))?.value.length ?? 0);
}

/** From one byte to another, both included; negative ones count from the end. */
export async function getrange(
  [name, from = NOTHING, to = NOTHING]: readonly Argument[],
  draft: Draft,
): Promise<Answer> {
  const key = keyOf(name);
  const [start, end] = [integerOf(from), integerOf(to)];
  const value = (await draft.find(key))?.value ?? NOTHING;
  const length = BigInt(value.length);
  // Both before the beginning, and the wrong way round: there is nothing, though both would be cut to the first byte.
  if (start < 0n && end < 0n && start > end) return bytes(NOTHING);
  const first = start < 0n ? max(start + length, 0n) : start;
  const last = min(end < 0n ? max(end + length, 0n) : end, length - 1n);
  return bytes(first > last ? NOTHING : value.slice(Number(first), Number(last) + 1));
}

export async function setrange(
  [name, at = NOTHING, part = NOTHING]: readonly Argument[],
  draft: Draft,
): Promise<Answer> {
  const key = keyOf(name);
  const offset = integerOf(at);
  if (offset < 0n) throw new Refusal("ERR offset is out of range");
  const standing = await draft.find(key);
  const value = standing?.value ?? NOTHING;
  if (part.length === 0) return integer(value.length);
  const end = offset + BigInt(part.length);
  // Before room is made for it.
  if (end > BigInt(draft.maxValueBytes)) throw tooLong(draft.maxValueBytes);
  const whole = new Uint8Array(Math.max(value.length, Number(end)));
  whole.set(value);
  whole.set(part, Number(offset));
  draft.replace(key, whole, standing, TEXT_TYPE);
  return integer(whole.length);
}

/** Whether what SET does, or answers, depends on what stands. */
function needsStanding({ when, wantsOld, keeps }: EndOptions): boolean {
  return when !== "always" || wantsOld || keeps;
}

function setAll(pairs: readonly (readonly [Key, Argument])[], draft: Draft): void {
  for (const [, value] of pairs) draft.requireFits(value);
  for (const [key, value] of pairs) draft.set(key, value, null);
}

function shown(standing: Standing | null): Answer {
  return standing === null ? NIL : bytes(standing.value);
}

function pairsOf(args: readonly Argument[], command: string): readonly (readonly [Argument, Argument])[] {
  if (args.length % 2 !== 0) throw wrongCount(command);
  return Array.from({ length: args.length / 2 }, (_, index) => [
    args[index * 2] ?? NOTHING,
    args[index * 2 + 1] ?? NOTHING,
  ]);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
