// One command of one caller, from its call to its answer, over however many servers and attempts. It knows what is known of
// it, and so what its caller is to be told when the time is over.
import type { ErrorCode } from "../../core/errors.ts";
import type { WriteAttempt } from "./acknowledge.ts";
import type { Expiring } from "./deadlines.ts";
import type { Argument, Reply } from "./reply.ts";
import { type Fault, NOT_ANSWERED, refusedError, unknownError } from "./server-errors.ts";
import type { ServerNode } from "./server-node.ts";
import type { Acknowledged, Script } from "./servers.ts";

export interface JourneyOptions {
  readonly slot: number;
  readonly isWrite: boolean;
  /** With its name first, or behind what runs a script. */
  readonly args: readonly Argument[];
  /** The script that the arguments run by its sum; null for a command. */
  readonly script: Script | null;
  readonly deadlineMs: number;
}

/** What is sent beside arguments. */
const COMMAND_BYTES = 64;

export class Journey implements WriteAttempt, Expiring {
  readonly slot: number;
  readonly isWrite: boolean;
  readonly bytes: number;
  readonly deadlineAt: number;
  readonly #deadlineMs: number;
  readonly #script: Script | null;
  readonly #answer = Promise.withResolvers<Acknowledged>();
  /** Why the last attempt came to nothing. */
  fault: Fault = NOT_ANSWERED;
  /** The server that the next attempt asks for a slot that it is being given; null for the slot's own. */
  target: ServerNode | null = null;
  #args: readonly Argument[];
  #isOver = false;
  #isSent = false;
  /** What the server has answered and replicas have not confirmed. */
  #unconfirmed: { readonly reply: Reply } | null = null;

  constructor({ slot, isWrite, args, script, deadlineMs }: JourneyOptions) {
    this.slot = slot;
    this.isWrite = isWrite;
    this.bytes = bytesOf(args);
    this.deadlineAt = performance.now() + deadlineMs;
    this.#deadlineMs = deadlineMs;
    this.#script = script;
    this.#args = args;
  }

  get answer(): Promise<Acknowledged> {
    return this.#answer.promise;
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

  /** The last attempt has certainly not been executed. */
  notExecuted(fault: Fault): void {
    this.#isSent = false;
    this.target = null;
    this.fault = fault;
  }

  /** Further attempts bring the text of the script. False where there is none, or it has been brought. */
  bringText(): boolean {
    const [head, sha1] = this.#args;
    if (this.#script === null || head !== "EVALSHA" || sha1 === undefined) return false;
    this.#args = ["EVAL", this.#script.text, ...this.#args.slice(2)];
    return true;
  }

  succeed(acknowledged: Acknowledged): void {
    this.#isOver = true;
    this.#answer.resolve(acknowledged);
  }

  /** It has changed nothing. */
  refuse(code: ErrorCode, fault: Fault): void {
    this.fail(refusedError(code, { isWrite: this.isWrite, fault, afterMs: null }));
  }

  fail(error: unknown): void {
    this.#isOver = true;
    this.#answer.reject(error);
  }

  expire(): void {
    if (this.#isOver) return;
    const { isWrite, fault } = this;
    if (this.#unconfirmed !== null) {
      const shortfall = `Not confirmed by replicas within ${this.#deadlineMs} ms`;
      this.succeed({ reply: this.#unconfirmed.reply, shortfall });
    } else if (isWrite && this.#isSent) {
      this.fail(unknownError(`the server has not answered within ${this.#deadlineMs} ms`));
    } else {
      this.fail(refusedError("unavailable", { isWrite, fault, afterMs: this.#deadlineMs }));
    }
  }
}

function bytesOf(args: readonly Argument[]): number {
  let bytes = COMMAND_BYTES;
  for (const arg of args) bytes += arg.length;
  return bytes;
}
