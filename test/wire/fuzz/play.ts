// Plays a stream to a connection of Keyhold's transport in memory, as a delivery says, and notes what its handler was given and
// what it sent. Turns of the event loop are the caller's: many plays share each.

import { KeyholdError } from "../../../src/core/errors.ts";
import type { Incoming, Reply, RequestHandler } from "../../../src/http/exchange.ts";
import { Connection } from "../../../src/http/transport/connection.ts";
import type { ConnectionContext } from "../../../src/http/transport/context.ts";
import { isKnownMethod } from "../../../src/http/transport/known-methods.ts";
import { type Delivery, LITTLE_BYTES, piecesOf } from "./delivery.ts";
import { MemorySocket } from "./memory-socket.ts";

/** A request that the handler was given, with its body whole where it was read. */
export interface Taken {
  readonly method: string;
  readonly target: string;
  /** By names in lower case: those that the stream names, and those that frame and route. Null for fields that are not there. */
  readonly fields: ReadonlyMap<string, string | null>;
  /** As octets; null where it was not read. */
  readonly body: string | null;
  /** Whether it was answered as a method that nobody knows. */
  readonly isUnknown: boolean;
}

export interface Refusal {
  /** As far as it could be read. */
  readonly method: string;
  readonly code: string;
  readonly rule: string | null;
  readonly detail: string;
}

/** No body that comes is as long; lengths that are only said are longer. */
const BODY_BYTES_MAX = 16 << 20;
const STREAM_PARTS = 3;
const LARGE_BYTES = 200_000;
/** Fields that decide how a message is framed and routed: seen even where no line of the stream names them. */
const DECIDING = ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];
/** Fields that are looked at; of a stream with more, the first of them. */
export const NAMES_MAX = 150;

export class Play implements RequestHandler {
  readonly stream: string;
  readonly delivery: Delivery;
  readonly socket: MemorySocket;
  readonly taken: Taken[] = [];
  /** Why nothing more was taken; null where nothing was refused. */
  refusal: Refusal | null = null;
  /** What went wrong besides: handlers side by side, fields that change. */
  fault: string | null = null;
  readonly #connection: Connection;
  readonly #nextTurn: () => Promise<void>;
  readonly #names: readonly string[];
  #pieces: readonly string[];
  #delivered = 0;
  #hasEnded = false;
  #isForgotten = false;
  #handling = 0;
  /** Grows with everything that the handler does. */
  #steps = 0;

  constructor(
    stream: string,
    delivery: Delivery,
    context: Omit<ConnectionContext, "handler">,
    nextTurn: () => Promise<void>,
  ) {
    this.stream = stream;
    this.delivery = delivery;
    this.socket = new MemorySocket(delivery.windowBytes);
    this.#pieces = piecesOf(stream, delivery);
    this.#names = namesIn(stream);
    this.#nextTurn = nextTurn;
    this.#connection = new Connection(this.socket, { ...context, handler: this }, { scheme: "http", isLocal: false });
  }

  recall(): null {
    return null;
  }

  /** Changes with everything that happens. */
  get progress(): number {
    return this.socket.calls + this.#steps + this.#delivered + Number(this.#hasEnded) + Number(this.#isForgotten);
  }

  /** One turn of the event loop: what is to be taken is taken, the next pieces come. */
  turn(): void {
    const { socket } = this;
    if (socket.isFull && !socket.isClosed) {
      socket.empty();
      this.#steps++;
      this.#connection.drained();
    }
    while (this.#delivered < this.#pieces.length && !socket.isPaused && !socket.isClosed) {
      const index = this.#delivered++;
      this.#connection.received(octetsOf(this.#pieces[index] ?? ""));
      if (this.delivery.waits === "always" || (this.delivery.waits === "sometimes" && index % 2 === 0)) break;
    }
    if (this.delivery.leavesBehind !== null && this.#delivered >= this.delivery.leavesBehind) socket.leave();
    if (this.delivery.isClosedAtOnce && this.#delivered === this.#pieces.length) this.end();
    this.#forget();
  }

  /** Nothing happens any more: a connection that is said to close has closed by now, whatever the client does. */
  rest(): void {
    if (this.refusal !== null && !this.socket.isShut) this.fault ??= "it refused, and waits for its client to close";
  }

  /** The client closes its side. */
  end(): void {
    if (this.#hasEnded || this.socket.isPaused || this.socket.isClosed) return;
    this.#hasEnded = true;
    this.#connection.ended();
  }

  get isOver(): boolean {
    return this.socket.isClosed && this.#isForgotten;
  }

  /** Where it has not come to its end: what it waits for. */
  get isDelivered(): boolean {
    return this.#delivered === this.#pieces.length;
  }

  async handle(incoming: Incoming): Promise<Reply> {
    if (++this.#handling > 1) this.fault ??= "two requests were handled at once";
    try {
      return await this.#answer(incoming);
    } finally {
      this.#steps++;
      this.#handling--;
    }
  }

  refuse(error: unknown, { method }: Incoming): Reply {
    this.#steps++;
    if (this.refusal !== null) this.fault ??= "it refused twice";
    if (!(error instanceof KeyholdError)) this.fault ??= `it failed: ${error instanceof Error ? error.stack : error}`;
    this.refusal ??= refusalOf(error, method);
    return { status: 400, headers: { "Content-Type": "text/plain" }, body: "refused" };
  }

  async #answer(incoming: Incoming): Promise<Reply> {
    const { method, target } = incoming;
    const fields = this.#fieldsOf(incoming);
    await this.#wait();
    let body: string | null = null;
    if (this.delivery.reads !== "nothing") {
      try {
        const bytes = await incoming.body(this.delivery.reads === "all" ? BODY_BYTES_MAX : LITTLE_BYTES);
        body = bytes === null ? null : Buffer.from(bytes).toString("latin1");
      } catch (error) {
        return this.refuse(error, incoming);
      }
    }
    await this.#wait();
    const after = this.#fieldsOf(incoming);
    for (const [name, value] of fields)
      if (after.get(name) !== value) this.fault ??= `the field ${name} changed meanwhile`;
    const isUnknown = !isKnownMethod(method);
    this.taken.push({ method, target, fields, body, isUnknown });
    if (isUnknown) return { status: 405, headers: {}, body: "unknown" };
    return answerOf(this.taken.length - 1, this.delivery);
  }

  async #wait(): Promise<void> {
    for (let turns = 0; turns < this.delivery.delayTurns; turns++) {
      this.#steps++;
      await this.#nextTurn();
    }
  }

  #fieldsOf(incoming: Incoming): ReadonlyMap<string, string | null> {
    return new Map(this.#names.map((name) => [name, incoming.header(name)]));
  }

  /** As the runtime says it of a socket that is closed. */
  #forget(): void {
    if (!this.socket.isClosed || this.#isForgotten) return;
    this.#isForgotten = true;
    this.#connection.closed();
  }
}

/** In memory of their own, as the runtime hands them out: the transport frees what it does not need of large ones. */
function octetsOf(text: string): Buffer {
  const bytes = Buffer.alloc(text.length);
  bytes.write(text, "latin1");
  return bytes;
}

/** What the request of this index is answered. */
export function answerOf(index: number, { answers }: Delivery): Reply {
  const headers = { "Content-Type": "text/plain" };
  switch (answers) {
    case "text":
      return { status: 200, headers, body: `answer ${index}, \u00e9` };
    case "bytes":
      return { status: 200, headers, body: Buffer.from(`answer ${index}`) };
    case "large":
      return { status: 200, headers, body: Buffer.alloc(LARGE_BYTES, `answer ${index} `) };
    case "stream":
      return { status: 200, headers, body: parts(index) };
    case "nothing":
      return { status: 204, headers: {}, body: null };
    default:
      return answers satisfies never;
  }
}

/** The octets of its body. */
export function answerBodyOf(index: number, delivery: Delivery): string {
  if (delivery.answers === "stream") return `part ${index} `.repeat(STREAM_PARTS);
  const { body } = answerOf(index, delivery);
  return typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body).toString("latin1") : "";
}

async function* parts(index: number): AsyncGenerator<string> {
  for (let part = 0; part < STREAM_PARTS; part++) yield `part ${index} `;
}

function refusalOf(error: unknown, method: string): Refusal {
  if (!(error instanceof KeyholdError)) return { method, code: "fault", rule: null, detail: String(error) };
  const { rule } = error.data;
  return { method, code: error.code, rule: typeof rule === "string" ? rule : null, detail: error.detail };
}

/** Names of fields that may be in it, in lower case. */
function namesIn(stream: string): readonly string[] {
  const found = stream.matchAll(/^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):/gm).map(([, name = ""]) => name.toLowerCase());
  return [...new Set([...DECIDING, ...found])].slice(0, NAMES_MAX);
}
