// Commands on keys whatever is under them: when they end, whether they are there, what they are called.
import type { EpochMs } from "../../core/expiry.ts";
import { type Answer, integer, OK } from "./answer.ts";
import { type Argument, integerOf, keyOf, readExpireEnd, textOf, wordOf } from "./arguments.ts";
import type { Draft, Standing } from "./draft.ts";
import { NO_SUCH_KEY, Refusal, SYNTAX } from "./refusal.ts";

const NOTHING = new Uint8Array();
const MISSING = -2;
const ENDLESS = -1;

/** EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT. */
export function expireBy(unit: "EX" | "PX" | "EXAT" | "PXAT", command: string) {
  return async ([name, time = NOTHING, ...flags]: readonly Argument[], draft: Draft): Promise<Answer> => {
    const key = keyOf(name);
    const asked = readExpireFlags(flags);
    const end = readExpireEnd(time, unit, command);
    const standing = await draft.find(key);
    if (standing === null) return integer(0);
    const at = end.kind === "at" ? end.ms : draft.now + end.ms;
    if (!asked.every((flag) => allows(flag, at, standing.expiresAt))) return integer(0);
    if (draft.hasPassed(end)) draft.remove(key);
    else draft.end(key, standing, end);
    return integer(1);
  };
}

export async function persist([name]: readonly Argument[], draft: Draft): Promise<Answer> {
  const key = keyOf(name);
  const standing = await draft.find(key);
  if (standing === null || standing.expiresAt === null) return integer(0);
  draft.end(key, standing, null);
  return integer(1);
}

/** TTL and PTTL; seconds are rounded to the nearest. */
export function timeLeft(unit: "s" | "ms") {
  return endAs((expiresAt, now) => inUnit(Math.max(0, expiresAt - now), unit));
}

/** EXPIRETIME and PEXPIRETIME. */
export function endInstant(unit: "s" | "ms") {
  return endAs((expiresAt) => inUnit(expiresAt, unit));
}

/** DEL and UNLINK. */
export async function remove(args: readonly Argument[], draft: Draft): Promise<Answer> {
  const keys = [...new Set(args.map(keyOf))];
  await draft.prepare(keys);
  let removed = 0;
  for (const key of keys) {
    if ((await draft.find(key)) === null) continue;
    draft.remove(key);
    removed++;
  }
  return integer(removed);
}

/** EXISTS and TOUCH: how many of the names there is an entry under, each as often as it is named. */
export async function countPresent(args: readonly Argument[], draft: Draft): Promise<Answer> {
  const keys = args.map(keyOf);
  await draft.prepare(keys);
  let present = 0;
  for (const key of keys) if ((await draft.find(key)) !== null) present++;
  return integer(present);
}

export async function type([name]: readonly Argument[], draft: Draft): Promise<Answer> {
  return { is: "status", text: (await draft.find(keyOf(name))) === null ? "none" : "string" };
}

export async function rename([from, to]: readonly Argument[], draft: Draft): Promise<Answer> {
  const [source, target] = [keyOf(from), keyOf(to)];
  const standing = await requireKey(draft, from);
  if (source === target) return OK;
  draft.remove(source);
  draft.place(target, standing);
  return OK;
}

export async function renamenx([from, to]: readonly Argument[], draft: Draft): Promise<Answer> {
  const [source, target] = [keyOf(from), keyOf(to)];
  await draft.prepare([source, target]);
  const standing = await requireKey(draft, from);
  if ((await draft.find(target)) !== null) return integer(0);
  draft.remove(source);
  draft.place(target, standing);
  return integer(1);
}

export async function copy([from, to, ...options]: readonly Argument[], draft: Draft): Promise<Answer> {
  const [source, target] = [keyOf(from), keyOf(to)];
  const isReplacing = readCopyOptions(options);
  if (source === target) throw new Refusal("ERR source and destination objects are the same");
  await draft.prepare([source, target]);
  const standing = await draft.find(source);
  if (standing === null) return integer(0);
  if (!isReplacing && (await draft.find(target)) !== null) return integer(0);
  draft.place(target, standing);
  return integer(1);
}

function endAs(show: (expiresAt: EpochMs, now: EpochMs) => number) {
  return async ([name]: readonly Argument[], draft: Draft): Promise<Answer> => {
    const standing = await draft.find(keyOf(name));
    if (standing === null) return integer(MISSING);
    return integer(standing.expiresAt === null ? ENDLESS : show(standing.expiresAt, draft.now));
  };
}

function inUnit(ms: number, unit: "s" | "ms"): number {
  return unit === "ms" ? ms : Math.floor((ms + 500) / 1000);
}

async function requireKey(draft: Draft, name: Argument | undefined): Promise<Standing> {
  const standing = await draft.find(keyOf(name));
  if (standing === null) throw new Refusal(NO_SUCH_KEY);
  return standing;
}

type ExpireFlag = "NX" | "XX" | "GT" | "LT";

function readExpireFlags(flags: readonly Argument[]): readonly ExpireFlag[] {
  const asked = new Set<ExpireFlag>();
  for (const flag of flags) {
    const word = wordOf(flag);
    if (word !== "NX" && word !== "XX" && word !== "GT" && word !== "LT") {
      throw new Refusal(`ERR Unsupported option ${textOf(flag)}`);
    }
    asked.add(word);
  }
  if (asked.has("NX") && asked.size > 1) {
    throw new Refusal("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (asked.has("GT") && asked.has("LT")) {
    throw new Refusal("ERR GT and LT options at the same time are not compatible");
  }
  return [...asked];
}

/** Whether a flag of EXPIRE lets an end take the place of what there is; none counts as later than any. */
function allows(flag: ExpireFlag, at: number, current: EpochMs | null): boolean {
  switch (flag) {
    case "NX":
      return current === null;
    case "XX":
      return current !== null;
    case "GT":
      return current !== null && at > current;
    case "LT":
      return current === null || at < current;
    default:
      return flag satisfies never;
  }
}

/** Whether REPLACE is given; there is one database, 0. */
function readCopyOptions(options: readonly Argument[]): boolean {
  let isReplacing = false;
  for (let index = 0; index < options.length; index++) {
    const word = wordOf(options[index] ?? NOTHING);
    const database = options[index + 1];
    if (word === "REPLACE") {
      isReplacing = true;
    } else if (word === "DB" && database !== undefined) {
      if (integerOf(database) !== 0n) throw new Refusal("ERR DB index is out of range");
      index++;
    } else {
      throw new Refusal(SYNTAX);
    }
  }
  return isReplacing;
}
