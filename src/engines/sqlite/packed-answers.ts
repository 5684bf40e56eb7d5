// Answers of the writer in one buffer that changes hands, for the same reason as its requests (packed-requests.ts): those to
// commits of one key that show no value. All others go beside it as they are.
import { type EntryInfo, hasValue, type Tag, toRevision } from "../../core/entry.ts";
import { toEpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import type { Outcome } from "../../store/store.ts";
import { VALUE_FORMS } from "./layout.ts";
import type { WriteAnswer } from "./messages.ts";

export interface PackedAnswers {
  /** NUMBERS_AN_ANSWER for each. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The media types that they name by number. */
  readonly types: readonly string[];
  /** Those whose numbers say that they are here, in order. */
  readonly others: readonly WriteAnswer[];
}

/** Whether it is packed, the commit's revision and instant, and what stood before and after. */
const BEFORE_AT = 3;
const NUMBERS_AN_INFO = 7;
const AFTER_AT = BEFORE_AT + NUMBERS_AN_INFO;
const NUMBERS_AN_ANSWER = AFTER_AT + NUMBERS_AN_INFO;
/** In place of a size: there is no entry. */
const NO_ENTRY = -1;
const NEVER = -1;

export function packAnswers(answers: readonly WriteAnswer[]): PackedAnswers {
  const numbers = new Float64Array(answers.length * NUMBERS_AN_ANSWER);
  const types: string[] = [];
  const others: WriteAnswer[] = [];
  for (const [index, answer] of answers.entries()) {
    const outcome = outcomeOf(answer);
    if (outcome === null) {
      others.push(answer);
      continue;
    }
    const at = index * NUMBERS_AN_ANSWER;
    numbers[at] = 1;
    numbers[at + 1] = outcome.revision;
    numbers[at + 2] = outcome.at;
    packInfo(numbers, at + BEFORE_AT, outcome.before, types);
    packInfo(numbers, at + AFTER_AT, outcome.after, types);
  }
  return { numbers, types, others };
}

/**
 * Requires: what packAnswers() has made.
 *
 * @param keyOf - the key of the one mutation of the request with this number
 */
export function unpackAnswers(
  { numbers, types, others }: PackedAnswers,
  keyOf: (index: number) => Key,
  tagOf: (revision: number) => Tag,
): readonly WriteAnswer[] {
  const answers: WriteAnswer[] = [];
  const infoAt = (at: number, key: Key): EntryInfo | null => {
    const [size = 0, type = 0, form = 0, revision = 0, createdAt = 0, modifiedAt = 0, expiresAt = 0] = numbers.subarray(
      at,
      at + NUMBERS_AN_INFO,
    );
    if (size === NO_ENTRY) return null;
    return {
      key,
      size,
      contentType: types[type] ?? "",
      form: VALUE_FORMS[form] ?? "bytes",
      revision: toRevision(revision),
      tag: tagOf(revision),
      createdAt: toEpochMs(createdAt),
      modifiedAt: toEpochMs(modifiedAt),
      expiresAt: expiresAt === NEVER ? null : toEpochMs(expiresAt),
    };
  };
  let passed = 0;
  for (let index = 0; index < numbers.length / NUMBERS_AN_ANSWER; index++) {
    const at = index * NUMBERS_AN_ANSWER;
    if (numbers[at] !== 1) {
      const other = others[passed++];
      if (other !== undefined) answers.push(other);
      continue;
    }
    const key = keyOf(index);
    const outcomes = [{ before: infoAt(at + BEFORE_AT, key), after: infoAt(at + AFTER_AT, key) }];
    const [revision, instant] = [toRevision(numbers[at + 1] ?? 0), toEpochMs(numbers[at + 2] ?? 0)];
    answers.push({ kind: "committed", result: { committed: true, revision, outcomes, at: instant, isReplay: false } });
  }
  return answers;
}

/** What a commit of one key has done, where it shows no value; null for any other answer. */
function outcomeOf(answer: WriteAnswer): (Outcome & { readonly revision: number; readonly at: number }) | null {
  if (answer.kind !== "committed" || !answer.result.committed || answer.result.isReplay) return null;
  const { revision, at, outcomes } = answer.result;
  const [first, second] = outcomes;
  if (first === undefined || second !== undefined || hasValue(first.before) || hasValue(first.after)) return null;
  return { ...first, revision, at };
}

function packInfo(numbers: Float64Array, at: number, info: EntryInfo | null, types: string[]): void {
  if (info === null) {
    numbers[at] = NO_ENTRY;
    return;
  }
  numbers[at] = info.size;
  numbers[at + 1] = typeNumber(types, info.contentType);
  numbers[at + 2] = VALUE_FORMS.indexOf(info.form);
  numbers[at + 3] = info.revision;
  numbers[at + 4] = info.createdAt;
  numbers[at + 5] = info.modifiedAt;
  numbers[at + 6] = info.expiresAt ?? NEVER;
}

function typeNumber(types: string[], contentType: string): number {
  const known = types.indexOf(contentType);
  return known >= 0 ? known : types.push(contentType) - 1;
}
