// How commands are run: one by itself, a pipeline in order, a transaction as a whole.
//
// 1. A command on keys works on a draft, which is committed on the condition that what it has read still stands (settle()), so
//    each command is atomic, and so is a transaction, whose commands share one draft.
// 2. What a command is refused with is its answer, and the others of a pipeline or a transaction are run all the same, as in Redis.
//    A transaction with a command that there is not, or that is not allowed, is not begun.
// 3. A pipeline promises no more than order. Where one commit can hold any keys together, its neighbours share one, as a
//    transaction's commands do, because a commit waits for the disk; where that is refused, each is run by itself.
import type { Entry } from "../../core/entry.ts";
import { type ErrorCode, KeyholdError } from "../../core/errors.ts";
import { requireReadBytes } from "../../core/judge.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Entries } from "../../service/entries.ts";
import { settle } from "../../service/settle.ts";
import type { Store } from "../../store/store.ts";
import type { Answer } from "./answer.ts";
import { AnswerRoom } from "./answer-room.ts";
import { type Argument, keyOf } from "./arguments.ts";
import { type Command, namedKeys, needsOf, readCommand } from "./commands.ts";
import { runDirectly } from "./direct.ts";
import { Draft } from "./draft.ts";
import { messageOf, Refusal } from "./refusal.ts";

export interface Runner {
  readonly store: Pick<Store, "get" | "getMany" | "capabilities">;
  readonly entries: Entries;
  readonly maxValueBytes: number;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** @throws "forbidden" where who asks has no leave for that */
  readonly requireScope: (scope: "read" | "write") => void;
}

/** Bytes of values that are read together. */
const READ_TOGETHER_BYTES = 32 * 1024 * 1024;
/** Commands of a pipeline that share a commit. */
const SHARED_COMMANDS = 128;
const NOT_RUN: Answer = {
  is: "error",
  message: `ERR not run: what this pipeline has answered comes to ${LIMITS.readBytes} bytes of values or more; send it in parts`,
};
/** Faults of a shared commit after which nothing has been written, and each command may do better by itself. */
const NOTHING_DONE: readonly ErrorCode[] = ["body-too-large", "busy", "cross-partition", "forbidden"];

/** @throws KeyholdError on a fault; what the command is refused with is its answer */
export async function runOne(words: readonly Argument[], runner: Runner): Promise<Answer> {
  try {
    return await run(admit(words, runner), runner);
  } catch (error) {
    if (error instanceof Refusal) return { is: "error", message: error.message };
    throw error;
  }
}

/** The answers in the order of the commands, each of which fails for itself. */
export async function runPipeline(lines: readonly (readonly Argument[])[], runner: Runner): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const room = new AnswerRoom();
  let together: Command[] = [];
  const finish = async () => {
    answers.push(...(await runTogether(together, runner, room)));
    together = [];
  };
  const isWhole = runner.store.capabilities.atomicity === "store";
  for (const words of lines) {
    const command = await answered(async () => admit(words, runner));
    if ("is" in command) {
      await finish();
      answers.push(command);
      continue;
    }
    if (!isWhole || command.row.run.on === "store" || together.length >= SHARED_COMMANDS) await finish();
    together.push(command);
    if (command.row.run.on === "store") await finish();
  }
  await finish();
  return answers;
}

/** All commands at one instant. @throws Refusal where it is not begun; KeyholdError where it could not be committed */
export async function runTransaction(
  lines: readonly (readonly Argument[])[],
  runner: Runner,
): Promise<readonly Answer[]> {
  const commands = lines.map((words) => {
    try {
      return admitToTransaction(words, runner);
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(`EXECABORT Transaction discarded because of: ${error.message}`);
      throw error;
    }
  });
  return runOnDraft(commands, runner, { room: new AnswerRoom(), isCommitted: () => true });
}

async function run(command: Command, runner: Runner): Promise<Answer> {
  if (command.row.run.on === "store") return command.row.run.with(command.args, runner);
  const direct = await runDirectly(command, runner);
  if (direct !== null) return direct;
  // Where it writes nothing because of how several entries stand, that is to be true of one instant as well.
  const isDecided = needsOf(command).includes("write");
  const isCommitted = (draft: Draft) => draft.writes || (isDecided && draft.keys.length > 1);
  const [answer] = await runOnDraft([command], runner, { room: new AnswerRoom(), isCommitted });
  if (answer === undefined) throw new KeyholdError("internal", "A command was not answered");
  return answer;
}

/** Neighbours of a pipeline: in one commit where that can be. */
async function runTogether(commands: readonly Command[], runner: Runner, room: AnswerRoom): Promise<readonly Answer[]> {
  if (commands.length > 1 && commands.some((command) => needsOf(command).includes("write"))) {
    try {
      const answers = await runOnDraft(commands, runner, { room, isCommitted: (draft) => draft.writes });
      for (const answer of answers) room.add(answer);
      return answers;
    } catch (error) {
      if (!(error instanceof KeyholdError) || !NOTHING_DONE.includes(error.code)) {
        const message = messageOf(error);
        return commands.map(() => ({ is: "error", message }));
      }
    }
  }
  const answers: Answer[] = [];
  for (const command of commands) {
    const answer = room.isFull ? NOT_RUN : await answered(() => run(command, runner));
    room.add(answer);
    answers.push(answer);
  }
  return answers;
}

interface DraftTerms {
  /** What has been answered before. */
  readonly room: AnswerRoom;
  /** Whether what the draft has come to has to be committed, or that what it has read still stands. */
  readonly isCommitted: (draft: Draft) => boolean;
}

/** @throws "body-too-large" where there is no room for the answers; nothing is done then */
function runOnDraft(
  commands: readonly Command[],
  runner: Runner,
  { room, isCommitted }: DraftTerms,
): Promise<readonly Answer[]> {
  const { entries, maxValueBytes } = runner;
  const keys = commands.flatMap((command) => namedKeys(command).map(keyOf));
  return settle(entries, [...new Set(keys)], async () => {
    const draft = new Draft({ read: (named) => readEntries(named, runner), now: entries.now(), maxValueBytes });
    const answers: Answer[] = [];
    const left = new AnswerRoom(room);
    for (const command of commands) answers.push(left.take(await runInDraft(command, draft)));
    return { mutations: isCommitted(draft) ? draft.mutations() : [], result: answers };
  });
}

async function runInDraft({ row, args }: Command, draft: Draft): Promise<Answer> {
  if (row.run.on !== "keys") throw new KeyholdError("internal", "A command on the store was to be run on a draft");
  try {
    return await row.run.with(args, draft);
  } catch (error) {
    if (error instanceof Refusal) return { is: "error", message: error.message };
    throw error;
  }
}

/** @throws Refusal, "forbidden" */
function admit(words: readonly Argument[], { requireScope }: Runner): Command {
  const command = readCommand(words);
  for (const scope of needsOf(command)) requireScope(scope);
  for (const key of namedKeys(command)) keyOf(key);
  return command;
}

function admitToTransaction(words: readonly Argument[], runner: Runner): Command {
  const command = admit(words, runner);
  if (command.row.run.on === "keys") return command;
  throw new Refusal(
    `ERR '${command.row.name}' cannot be part of a transaction here, as it speaks of the store as a whole`,
  );
}

/** What `work` comes to, or the error that is its answer. */
async function answered<T>(work: () => Promise<T>): Promise<T | Extract<Answer, { is: "error" }>> {
  try {
    return await work();
  } catch (error) {
    return { is: "error", message: messageOf(error) };
  }
}

/** Of one instant as far as they are read together, where the store can. @throws "body-too-large" over LIMITS.readBytes of several */
async function readEntries(keys: readonly Key[], { store, maxValueBytes }: Runner): Promise<readonly (Entry | null)[]> {
  const [only, ...others] = keys;
  if (only !== undefined && others.length === 0) return [await store.get(only)];
  const together = Math.max(1, Math.floor(READ_TOGETHER_BYTES / maxValueBytes));
  const entries: (Entry | null)[] = [];
  let bytes = 0;
  for (let from = 0; from < keys.length; from += together) {
    const part = await store.getMany(keys.slice(from, from + together));
    bytes += part.reduce((sum, entry) => sum + (entry?.size ?? 0), 0);
    requireReadBytes(bytes);
    entries.push(...part);
  }
  return entries;
}
