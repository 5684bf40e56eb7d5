// What acts on a damaged store may have changed: what they were aimed at, and nothing else. Of each key both what a read of it gives
// and what a listing shows are looked at, before the acts and after; what is told as damaged is not looked into.
import type { Answer, Answers } from "./read-store.ts";
import { ENDED_AT } from "./sound-store.ts";

/** What was done to one key. */
export type Act =
  | { readonly is: "left alone" }
  /** The value in base64. */
  | { readonly is: "overwritten"; readonly value: string; readonly isAcknowledged: boolean }
  | { readonly is: "deleted"; readonly isAcknowledged: boolean };

export interface ActedOn {
  readonly keys: readonly string[];
  /** Keys that are not in it were left alone. */
  readonly acts: ReadonlyMap<string, Act>;
  /** What the store answered before it was damaged, before the acts, and after them. */
  readonly sound: Answers;
  readonly before: Answers;
  readonly after: Answers;
  /** What was done, as "a sweep". */
  readonly what: string;
}

/** What an act has done to one key that it must not. */
export interface ActFault {
  readonly key: string;
  /** Without the key and a full stop. */
  readonly why: string;
  /** The value, in base64, that is not shown and must be; null where something is shown that must not be. */
  readonly lost: string | null;
  /** Whether its row was left as it was by what came after, so that it must stand still. */
  readonly isRowLeft: boolean;
}

type Wrong = Pick<ActFault, "why" | "lost">;

/** What is shown of one key: an entry as JSON, or NOTHING. */
interface Shown {
  readonly sound: string;
  readonly after: string;
  /** Whether the entry was shown as it should be before the acts. */
  readonly wasRight: boolean;
}

const VIEWS = [
  { look: readOf, where: "" },
  { look: listingOf, where: " in a listing" },
] as const;
const NOTHING = "null";
const LEFT_ALONE: Act = { is: "left alone" };

/** What is not as it must be, in the order of the keys. */
export function judgeActs({ keys, acts, what, ...answers }: ActedOn): readonly ActFault[] {
  return VIEWS.flatMap(({ look, where }) => {
    const [sound, before, after] = [look(answers.sound), look(answers.before), look(answers.after)];
    return keys.flatMap((key) => {
      const [stood, was, is] = [sound(key), before(key), after(key)];
      if ("told" in stood || "told" in is) return [];
      const wasRight = "text" in was && was.text === stood.text;
      const wrong = wrongIn(acts.get(key) ?? LEFT_ALONE, { sound: stood.text, after: is.text, wasRight });
      return wrong === null
        ? []
        : [{ key, why: `${wrong.why} after ${what}${where}`, lost: wrong.lost, isRowLeft: true }];
    });
  });
}

/** Whether it counts other than it lists, where it tells damage of neither. */
export function isMiscounted(answers: Answers): boolean {
  const [count, listing] = ["count", "scan forward"].map((asked) => answerTo(answers, asked));
  if (count === undefined || listing === undefined || "told" in count || "told" in listing) return false;
  return JSON.parse(count.text) !== JSON.parse(listing.text).length;
}

/** How many of the keys have an entry when they are read. */
export function countShown(answers: Answers, keys: readonly string[]): number {
  const shown = keys.map(readOf(answers)).filter((answer) => "text" in answer && answer.text !== NOTHING);
  return shown.length;
}

function wrongIn(act: Act, shown: Shown): Wrong | null {
  switch (act.is) {
    case "left alone":
      return hasEnded(shown.sound) ? wrongInEnded(shown) : wrongInLeft(shown);
    case "overwritten":
      if (valueIn(shown.after) === act.value) return null;
      return act.isAcknowledged
        ? { why: "an acknowledged overwrite is not read back", lost: act.value }
        : wrongInLeft(shown);
    case "deleted":
      if (shown.after === NOTHING) return null;
      return act.isAcknowledged ? { why: "an acknowledged delete is undone", lost: null } : wrongInLeft(shown);
    default:
      return act satisfies never;
  }
}

function wrongInEnded({ after }: Shown): Wrong | null {
  return after === NOTHING ? null : { why: "an entry that has ended is served", lost: null };
}

/** One that was missing before was for the reads to tell. */
function wrongInLeft({ sound, after, wasRight }: Shown): Wrong | null {
  if (after === sound || (after === NOTHING && !wasRight)) return null;
  if (after === NOTHING) return { why: "an entry that nobody touched is gone", lost: valueIn(sound) };
  const isNew = sound === NOTHING;
  return { why: isNew ? "an entry that nobody wrote is there" : "an entry that nobody touched is changed", lost: null };
}

function hasEnded(text: string): boolean {
  const end: number | null = JSON.parse(text)?.expiresAt ?? null;
  return end !== null && end <= ENDED_AT;
}

function valueIn(text: string): string | null {
  return JSON.parse(text)?.value ?? null;
}

/** What a read of each key gave. */
function readOf(answers: Answers): (key: string) => Answer {
  return (key) => answerTo(answers, `get ${key}`);
}

/** What a listing showed under each key. */
function listingOf(answers: Answers): (key: string) => Answer {
  const listing = answerTo(answers, "scan forward");
  if ("told" in listing) return () => listing;
  const entries: readonly { readonly key: string }[] = JSON.parse(listing.text);
  const texts = new Map(entries.map((entry) => [entry.key, JSON.stringify(entry)]));
  return (key) => ({ text: texts.get(key) ?? NOTHING });
}

function answerTo(answers: Answers, what: string): Answer {
  const answer = answers.get(what);
  if (answer === undefined) throw new Error(`Nobody asked: ${what}`);
  return answer;
}
