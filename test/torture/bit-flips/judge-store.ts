// Opens a damaged store as a server does, reads everything, and says whether what is wrong in it was told.

import { KeyholdError } from "../../../src/core/errors.ts";
import { check } from "../../../src/engines/archive.ts";
import { IntegrityCheck } from "../../../src/engines/sqlite/integrity.ts";
import { openSqliteStore, type SqliteStore } from "../../../src/engines/sqlite/store.ts";
import { sqliteOptions } from "../../support/sqlite-harness.ts";
import type { Verdict } from "./bit-flips.ts";
import { type Answers, readStore } from "./read-store.ts";
import type { SoundStore } from "./sound-store.ts";

type Judged = Omit<Verdict, "place">;

/** What a damaged store did: refused, or answered. */
interface Opened {
  readonly answers: Answers;
  /** Whether its opening said that the last commit is gone. */
  readonly hasDropped: boolean;
  /** Whether the check after an unclean stop, where there was one, found damage. */
  readonly isFoundByCheck: boolean;
}

const UNWATCHED = { onProgress: () => {}, signal: new AbortController().signal };

/** @param before - what the store may answer as well where its start says that the last commit is gone */
export async function judgeStore(directory: string, sound: SoundStore, before: readonly Answers[]): Promise<Judged> {
  const opened = await openAndRead(directory, sound);
  if (!("answers" in opened)) return opened;
  const { answers, hasDropped, isFoundByCheck } = opened;
  const wrong = differences(sound.answers, answers);
  const isTold = [...answers.values()].some((answer) => "told" in answer);
  if (wrong.length === 0) return { is: isTold ? "told by a read" : "harmless", why: "" };
  if (before.some((each) => differences(each, answers).length === 0)) {
    return hasDropped ? { is: "told at the start", why: "" } : silent("the last commit is gone");
  }
  // Whoever else tells of damage: what is served is right.
  const served = wrong.filter((what) => showsWrong(what, textOf(sound.answers, what), textOf(answers, what)));
  if (served.length > 0) return silent(`a wrong entry is served: ${served.join(", ")}`);
  if (isTold) return { is: "told by a read", why: "" };
  if (isFoundByCheck) return { is: "told by the check", why: "" };
  if (await findsByVerify(directory)) return { is: "told by verify", why: "" };
  return silent(`nobody tells that these are wrong: ${wrong.slice(0, 5).join(", ")}`);
}

export async function findsByVerify(directory: string): Promise<boolean> {
  return (await check({ directory }, UNWATCHED)).problems.length > 0;
}

export function silent(why: string): Judged {
  return { is: "silent", why };
}

async function openAndRead(directory: string, sound: SoundStore): Promise<Opened | Judged> {
  let store: SqliteStore;
  try {
    store = await openSqliteStore({ ...sqliteOptions(directory), onFatal: () => {} });
  } catch (error) {
    const isSaid = error instanceof KeyholdError && error.code === "unavailable" && error.detail !== "";
    return isSaid ? { is: "refused at the start", why: "" } : silent(`It does not open, and says ${String(error)}`);
  }
  try {
    const answers = await readStore(store, sound.questions);
    const isFoundByCheck = !store.wasClean && (await findsByCheck(store));
    return { answers, isFoundByCheck, hasDropped: store.droppedFrames > 0 };
  } catch (error) {
    return silent(`A read ended in what tells of no damage: ${String(error)}`);
  } finally {
    store.doubt();
    await store.close();
  }
}

async function findsByCheck({ files, incarnation }: SqliteStore): Promise<boolean> {
  const ended = Promise.withResolvers<boolean>();
  new IntegrityCheck().start(files, incarnation, ({ is }) => ended.resolve(is !== "passed"));
  return ended.promise;
}

/**
 * Whether it gives an entry with its value that never stood there. One that is missing is for another to tell, and listings without
 * values compare no checksums (docs/guarantees.md).
 */
function showsWrong(what: string, sound: string | null, answered: string | null): boolean {
  if (!/^(?:get|getMany|scan)\b/.test(what) || answered === null) return false;
  const all = new Set(entriesIn(sound ?? "null"));
  return entriesIn(answered).some((entry) => !all.has(entry));
}

function entriesIn(text: string): readonly string[] {
  return [JSON.parse(text)]
    .flat()
    .filter((entry) => entry !== null)
    .map((entry) => JSON.stringify(entry));
}

/** What was asked and answered otherwise, where no damage was told. */
function differences(sound: Answers, answers: Answers): readonly string[] {
  return [...answers].flatMap(([what, answer]) =>
    "told" in answer || answer.text === textOf(sound, what) ? [] : [what],
  );
}

function textOf(answers: Answers, what: string): string | null {
  const answer = answers.get(what);
  return answer === undefined || "told" in answer ? null : answer.text;
}
