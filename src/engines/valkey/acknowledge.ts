// How a write of one server comes to be acknowledged, as the promise says.
//
// Where no replica has to confirm, the reply of the write is its acknowledgement: with `appendfsync always` it comes after the
// log is on disk. WAITAOF is not used: Valkey answers it before that is so.
//
// Where replicas have to, WAIT is asked on the connection that wrote, as it speaks of that connection's writes. It holds up
// what comes behind it, so writes go in groups: all that have gathered, then one WAIT for them; the next group gathers
// meanwhile. Invariants:
//
// 1. A write is acknowledged by a WAIT behind it on the same connection, whose count is checked; never by another's.
// 2. Who no longer waits for a write that has not been sent has it not sent at all.
// 3. An answer that is an error has changed nothing, and needs no confirmation.

import type { WritePromise } from "../../core/write-promise.ts";
import { type Connection, ConnectionLost } from "./connection.ts";
import type { LazyConnection } from "./lazy-connection.ts";
import { type Argument, type Reply, ReplyError } from "./reply.ts";

/** A write on its way, as far as the server's connection is concerned. */
export interface WriteAttempt {
  readonly args: readonly Argument[];
  readonly bytes: number;
  /** Whether the server is asked for a slot that it is being given. */
  readonly isAsking: boolean;
  /** Whether nobody waits for it any more. */
  readonly isOver: boolean;
  /** From now on it may be executed. */
  sent(): void;
  /** It has been executed, with this reply, and is not confirmed yet. */
  applied(reply: Reply): void;
  /** Replicas have not confirmed it, and will not any more. */
  unconfirmed(why: string): void;
}

export interface WriteLane {
  /**
   * Resolves with the reply, which may be an error, once it is confirmed, or known not to be.
   *
   * @throws ConnectionLost (rejects) saying whether it was sent
   */
  write(attempt: WriteAttempt): Promise<Reply>;
}

export interface WriteLaneOptions {
  readonly line: LazyConnection;
  readonly promise: WritePromise;
  /** How long replicas may take. */
  readonly waitMs: number;
  /** Called when fewer replicas than promised have confirmed. */
  readonly onShortfall: () => void;
}

/** Of one group: what waits behind it waits for all of it. */
const GROUP_COMMANDS_MAX = 1000;
const GROUP_BYTES_MAX = 4 * 1024 * 1024;

interface Pending {
  readonly attempt: WriteAttempt;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

export function makeWriteLane(options: WriteLaneOptions): WriteLane {
  return options.promise.replicas === 0 ? new PlainWrites(options.line) : new ConfirmedWrites(options);
}

class PlainWrites implements WriteLane {
  readonly #line: LazyConnection;

  constructor(line: LazyConnection) {
    this.#line = line;
  }

  write(attempt: WriteAttempt): Promise<Reply> {
    const { current } = this.#line;
    return current === null ? this.#writeLater(attempt) : writeNow(current, attempt);
  }

  async #writeLater(attempt: WriteAttempt): Promise<Reply> {
    const connection = await this.#line.get();
    if (attempt.isOver) throw withdrawn();
    return writeNow(connection, attempt);
  }
}

class ConfirmedWrites implements WriteLane {
  readonly #options: WriteLaneOptions;
  #queue: Pending[] = [];
  #isPumping = false;

  constructor(options: WriteLaneOptions) {
    this.#options = options;
  }

  write(attempt: WriteAttempt): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ attempt, resolve, reject });
      if (this.#isPumping) return;
      this.#isPumping = true;
      // What else this turn brings is part of the group.
      setImmediate(() => void this.#pump());
    });
  }

  /** Sends groups as long as there are writes. Does not reject. */
  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        const connection = this.#options.line.current ?? (await this.#options.line.get());
        const group = this.#takeGroup();
        if (group.length > 0) await this.#confirm(connection, group);
      } catch (error) {
        for (const { reject } of this.#queue.splice(0)) reject(error);
      }
    }
    this.#isPumping = false;
  }

  #takeGroup(): readonly Pending[] {
    const group: Pending[] = [];
    let bytes = 0;
    let taken = 0;
    for (const pending of this.#queue) {
      if (
        group.length === GROUP_COMMANDS_MAX ||
        (group.length > 0 && bytes + pending.attempt.bytes > GROUP_BYTES_MAX)
      ) {
        break;
      }
      taken++;
      if (pending.attempt.isOver) {
        pending.reject(withdrawn());
        continue;
      }
      bytes += pending.attempt.bytes;
      group.push(pending);
    }
    this.#queue = this.#queue.slice(taken);
    return group;
  }

  async #confirm(connection: Connection, group: readonly Pending[]): Promise<void> {
    const { promise, waitMs } = this.#options;
    const applied: { readonly pending: Pending; readonly reply: Reply }[] = [];
    for (const pending of group) {
      writeNow(connection, pending.attempt).then((reply) => {
        if (reply instanceof ReplyError) pending.resolve(reply);
        else {
          pending.attempt.applied(reply);
          applied.push({ pending, reply });
        }
      }, pending.reject);
    }
    const confirmation = connection.send(["WAIT", String(promise.replicas), String(waitMs)]);
    const shortfall = await this.#shortfallOf(confirmation);
    for (const { pending, reply } of applied) {
      if (shortfall !== null) pending.attempt.unconfirmed(shortfall);
      pending.resolve(reply);
    }
    if (shortfall !== null && applied.length > 0) this.#options.onShortfall();
  }

  async #shortfallOf(confirmation: Promise<Reply>): Promise<string | null> {
    const { promise, waitMs } = this.#options;
    const needed = promise.replicas === 1 ? "1 replica" : `${promise.replicas} replicas`;
    try {
      const count = await confirmation;
      if (typeof count === "number") {
        return count >= promise.replicas ? null : `Confirmed by ${count} of ${needed} within ${waitMs} ms`;
      }
      const answer = count instanceof ReplyError ? count.code : "something else";
      return `The server answered ${answer} where ${needed} should have confirmed`;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return `The connection was lost before ${needed} had confirmed`;
    }
  }
}

function writeNow(connection: Connection, attempt: WriteAttempt): Promise<Reply> {
  attempt.sent();
  return sendAttempt(connection, attempt);
}

/** With ASKING directly before it where it is asked so. The reply of that is of no account. */
export function sendAttempt(
  connection: Connection,
  { args, isAsking }: { readonly args: readonly Argument[]; readonly isAsking: boolean },
): Promise<Reply> {
  if (!isAsking) return connection.send(args);
  const [asking, asked] = connection.sendTogether([["ASKING"], args]);
  if (asking === undefined || asked === undefined) return Promise.reject(new ConnectionLost("Nothing was sent"));
  asking.catch(() => {});
  return asked;
}

function withdrawn(): ConnectionLost {
  return new ConnectionLost("Nobody waits for it any more");
}
