// One command of one caller, from its call to its answer, over however many servers and attempts. It knows what is known of
// it, and so what its caller is to be told when the time is over.
import type { ErrorCode } from "../../core/errors.ts";
import type { WriteAttempt } from "./acknowledge.ts";
import type { Expiring } from "./deadlines.ts";
import type { Load } from "./load.ts";
import type { Argument, Reply } from "./reply.ts";
import { type Fault, NOT_ANSWERED, refusedError, unknownError } from "./server-errors.ts";
import type { ServerNode } from "./server-node.ts";
import type { Script } from "./servers.ts";

/** What is asked. */
export interface Command<Answer> {
  readonly slot: number;
  readonly isWrite: boolean;
  /** With the command's name first; EVALSHA and the sum where a script is run. */
  readonly args: readonly Argument[];
  /** The script that the arguments run; null for a command. */
  readonly script: Script | null;
  /** What the caller is answered. `shortfall` says why the promise is not known to be kept; null where it is. */
  readonly answerOf: (reply: Reply, shortfall: string | null) => Answer;
}

export interface JourneyOptions {
  readonly deadlineMs: number;
  /** Called once, when the caller has its answer. */
  readonly onOver: (journey: Travelling) => void;
  /** Where it counts, until it is over. */
  readonly load: Load;
}

/** A journey of whatever answer. */
export interface Travelling extends WriteAttempt, Expiring {
  readonly slot: number;
  readonly isWrite: boolean;
  readonly load: Load;
  /** The server that the next attempt asks for a slot that it is being given; null for the slot's own. */
  target: ServerNode | null;
  /** The last attempt has certainly not been executed. */
  notExecuted(fault: Fault): void;
  /** Further attempts bring the text of the script. False where there is none, or it has been brought. */
  bringText(): boolean;
  succeed(reply: Reply): void;
  /** It has changed nothing. */
  refuse(code: ErrorCode, fault: Fault): void;
  fail(error: unknown): void;
}

/** What is sent beside arguments, about. */
const COMMAND_BYTES = 64;

export class Journey<Answer> implements Travelling {
  readonly slot: number;
  readonly isWrite: boolean;
  readonly bytes: number;
  readonly load: Load;
  readonly deadlineAt: number;
  readonly answer: Promise<Answer>;
  target: ServerNode | null = null;
  before: Expiring | null = null;
  behind: Expiring | null = null;
  readonly #command: Command<Answer>;
  readonly #options: JourneyOptions;
  #args: readonly Argument[];
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #isOver = false;
  #isSent = false;
  /** Why the last attempt came to nothing. */
  #fault: Fault = NOT_ANSWERED;
  /** What the server has answered and replicas have not confirmed. */
  #unconfirmed: { readonly reply: Reply } | null = null;
  #shortfall: string | null = null;

  constructor(command: Command<Answer>, options: JourneyOptions) {
    this.slot = command.slot;
    this.isWrite = command.isWrite;
    this.bytes = bytesOf(command.args);
    this.load = options.load;
    this.deadlineAt = performance.now() + options.deadlineMs;
    this.#command = command;
    this.#options = options;
    this.#args = command.args;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get args(): readonly Argument[] {
    return this.#args;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isAsking(): boolean {
    return this.target !== null;
  }

  sent(): void {
    this.#isSent = true;
  }

  applied(reply: Reply): void {
    this.#unconfirmed = { reply };
  }

  unconfirmed(why: string): void {
    this.#shortfall = why;
  }

  notExecuted(fault: Fault): void {
    this.#isSent = false;
    this.target = null;
    this.#fault = fault;
  }

  bringText(): boolean {
    const { script } = this.#command;
    const [head] = this.#args;
    if (script === null || head !== "EVALSHA") return false;
    this.#args = ["EVAL", script.text, ...this.#args.slice(2)];
    return true;
  }

  succeed(reply: Reply): void {
    if (this.#end()) this.#resolve(this.#command.answerOf(reply, this.#shortfall));
  }

  refuse(code: ErrorCode, fault: Fault): void {
    this.fail(refusedError(code, { isWrite: this.isWrite, fault, afterMs: null }));
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  expire(): void {
    const { deadlineMs } = this.#options;
    if (this.#unconfirmed !== null) {
      this.#shortfall = `Not confirmed by replicas within ${deadlineMs} ms`;
      this.succeed(this.#unconfirmed.reply);
    } else if (this.isWrite && this.#isSent) {
      this.fail(unknownError(`the server has not answered within ${deadlineMs} ms`));
    } else {
      this.fail(refusedError("unavailable", { isWrite: this.isWrite, fault: this.#fault, afterMs: deadlineMs }));
    }
  }

  /** False where it is over already. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#options.onOver(this);
    return true;
  }
}

function bytesOf(args: readonly Argument[]): number {
  let bytes = COMMAND_BYTES;
  for (const arg of args) bytes += arg.length;
  return bytes;
}
