// Commands that one mutation of the store says as well as a draft does: counters, which nobody then has to wait for or try again,
// appends, and deletions, which may span partitions. Each answers null where only the draft knows what Redis would say.
import { ALWAYS } from "../../core/condition.ts";
import { hasValue } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { KEEP } from "../../core/expiry.ts";
import type { Entries } from "../../service/entries.ts";
import { type Answer, integer } from "./answer.ts";
import { type Argument, keyOf, parseInteger } from "./arguments.ts";
import type { Command } from "./commands.ts";
import { tooLong } from "./refusal.ts";

export interface DirectTerms {
  readonly entries: Entries;
  readonly maxValueBytes: number;
}

const decoder = new TextDecoder();
const NOTHING = new Uint8Array();
/** Beyond these the counters of the store do not go; those of Redis do. */
const COUNTS = { initial: 0, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

/** Null where the command is to be run on a draft. */
export async function runDirectly({ row, args }: Command, terms: DirectTerms): Promise<Answer | null> {
  const [key, argument = NOTHING] = args;
  switch (row.name) {
    case "incr":
      return count(key, 1n, terms);
    case "decr":
      return count(key, -1n, terms);
    case "incrby":
      return count(key, parseInteger(argument), terms);
    case "decrby": {
      const step = parseInteger(argument);
      return count(key, step === null ? null : -step, terms);
    }
    case "append":
      return append(key, argument, terms);
    case "del":
    case "unlink":
      return integer(await terms.entries.deleteAll({ keys: args.map(keyOf) }));
    default:
      return null;
  }
}

async function count(
  name: Argument | undefined,
  step: bigint | null,
  { entries }: DirectTerms,
): Promise<Answer | null> {
  if (step === null || !Number.isSafeInteger(Number(step))) return null;
  try {
    const counted = await entries.increment(
      keyOf(name),
      { ...COUNTS, delta: Number(step) },
      { when: ALWAYS, expiry: KEEP },
    );
    if (!hasValue(counted.info)) throw new KeyholdError("internal", "The store answered no value");
    return integer(BigInt(decoder.decode(counted.info.value)));
  } catch (error) {
    if (error instanceof KeyholdError && (error.code === "not-an-integer" || error.code === "out-of-range"))
      return null;
    throw error;
  }
}

async function append(
  name: Argument | undefined,
  value: Uint8Array,
  { entries, maxValueBytes }: DirectTerms,
): Promise<Answer> {
  const text = { side: "end", value, maxBytes: maxValueBytes } as const;
  try {
    const { info } = await entries.append(keyOf(name), text, { when: ALWAYS, expiry: KEEP, want: "info" });
    return integer(info.size);
  } catch (error) {
    if (error instanceof KeyholdError && error.code === "value-too-large") throw tooLong(maxValueBytes);
    throw error;
  }
}
