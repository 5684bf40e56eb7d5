// The life of one connection: requests are read one after another, each is handled when the answer to the one before it has been
// handed to the system, and what a client sends ahead of that waits. It knows no socket, only what is under it (wire-socket.ts)
// and what it is told: bytes, room for more, the client's end, the hour.
//
// Rules that must not break:
// 1. Answers go out in the order of their requests; nothing goes out behind one that ends the connection.
// 2. What breaks a rule of HTTP is answered, then nothing more is taken from the connection, whatever still comes.
// 3. A connection that is ended still reads for a while what the client sends (RFC 9112 §9.6), or the reset of a socket with
//    unread bytes would take the last answer from the client.
// 4. Whatever is waited for has its time: a head, a body, a client that takes an answer, the next request.
import { LIMITS } from "../../core/limits.ts";
import type { Reply } from "../exchange.ts";
import type { Slices } from "../slices.ts";
import type { WaitingStream } from "../stream-budget.ts";
import { requireRoom } from "./answer-room.ts";
import { freeBulk } from "./bulk-memory.ts";
import type { ConnectionContext, ListenerFacts } from "./context.ts";
import { bodyEnded, bodyTooSlow, headEnded, headTooSlow } from "./cut-short.ts";
import { HeadParser, type RequestHead } from "./head-parser.ts";
import { Inbox } from "./inbox.ts";
import { type Message, toMessage } from "./message.ts";
import { Origins } from "./origins.ts";
import { Outbox } from "./outbox.ts";
import { Pace } from "./pace.ts";
import { sendKnown, sendReply, sendSlices } from "./reply-writer.ts";
import { RequestBody } from "./request-body.ts";
import { ask, type Exchange, isLastOf, makeExchange, slicesOf } from "./request-exchange.ts";
import { type RequestConnection, UnreadIncoming, WireIncoming } from "./wire-incoming.ts";
import type { WireSocket } from "./wire-socket.ts";

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");
/** Steps on one connection, one or two for each request, before others have their turn. */
const STEPS_A_TURN = 64;
/** How long a connection that has been ended still reads. */
const LINGER_MS = 2000;

export class Connection implements RequestConnection, WaitingStream {
  readonly origins: Origins;
  readonly isLocal: boolean;
  readonly #socket: WireSocket;
  readonly #context: ConnectionContext;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #sendingPace: Pace;
  readonly #bodyPace: Pace;
  readonly #parser = new HeadParser();
  readonly #requireRoom: (reply: Reply) => void;
  readonly #onWanted = () => this.#wantBody();
  #state: "open" | "lingering" | "closed" = "open";
  #exchange: Exchange | null = null;
  #isAdvancing = false;
  /** Whether others have their turn before the next request, as the last one took long. */
  #isYielding = false;
  /** Whether the client sends no more. */
  #hasEnded = false;
  /** Whether the answer that comes next is the last. */
  #isLeaving = false;
  /** When it began to wait for what it waits for: the next request, the rest of a head, the client's end. */
  #sinceMs: number;

  constructor(socket: WireSocket, context: ConnectionContext, listener: ListenerFacts) {
    this.#socket = socket;
    this.#context = context;
    this.isLocal = listener.isLocal;
    this.origins = new Origins(listener.scheme);
    this.#inbox = new Inbox(socket);
    this.#sendingPace = new Pace(context.pace);
    this.#bodyPace = new Pace(context.pace);
    this.#outbox = new Outbox(socket, this.#sendingPace, context.steadyMs);
    this.#requireRoom = (reply) => {
      if (this.#exchange !== null) requireRoom(context, reply, this.#exchange);
    };
    this.#sinceMs = context.steadyMs();
  }

  get remoteAddress(): string | null {
    return this.#socket.remoteAddress;
  }

  /** Whether nothing is under way on it. */
  get isIdle(): boolean {
    return this.#exchange === null && this.#inbox.size === 0;
  }

  /** A client that waits and has ended its side has gone: there is no other way to see that. */
  keepOpen(): void {
    if (this.#hasEnded) queueMicrotask(() => this.cut());
  }

  received(bytes: Buffer): void {
    this.#context.collector.passed(bytes.length);
    if (this.#state !== "open") {
      freeBulk(bytes);
      return;
    }
    if (this.isIdle) this.#sinceMs = this.#context.steadyMs();
    this.#inbox.add(bytes);
    this.#advance();
  }

  /** The system takes bytes again. */
  drained(): void {
    this.#outbox.drained();
  }

  /** The client sends no more. */
  ended(): void {
    this.#hasEnded = true;
    if (this.#state === "lingering") {
      // Else the last answer has not been taken yet: linger() closes behind it.
      if (this.#outbox.unsentBytes === 0) this.#socket.close();
    } else if (this.#exchange?.incoming.isKeptOpen === true) this.cut();
    else this.#advance();
  }

  /** Nothing can be sent any more. */
  closed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#inbox.clear();
    const exchange = this.#exchange;
    exchange?.incoming.leave();
    exchange?.body.fail(bodyEnded());
    void exchange?.slices?.end().catch(() => {}); // Nobody is left to hear of it.
    this.#context.answers.taken(this);
    this.#outbox.clear();
  }

  /** Ends what has taken too long. To be called every now and then. */
  tick(nowMs: number): void {
    const { headTimeoutMs, pace } = this.#context;
    if (this.#state === "closed") return;
    if (this.#outbox.unsentBytes > 0) {
      if (this.#sendingPace.isTooSlow(nowMs)) this.cut();
    } else if (this.#state === "lingering") {
      if (nowMs - this.#sinceMs > LINGER_MS) this.cut();
    } else if (this.#exchange !== null) {
      if (this.#context.answers.waitedMs(this) > pace.idleMs) this.cut();
      else this.#lookAtBody(this.#exchange, nowMs);
    } else if (this.isIdle) {
      if (nowMs - this.#sinceMs > pace.idleMs) this.#linger();
    } else if (nowMs - this.#sinceMs > headTimeoutMs) {
      this.refuse(headTooSlow(headTimeoutMs));
    }
  }

  /** The server ends: the answer under way is the last, and a connection without one ends now. */
  leave(): void {
    this.#isLeaving = true;
    if (this.#state === "open" && this.isIdle) this.#linger();
  }

  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    let steps = 0;
    while (this.#state === "open" && !this.#isYielding && ++steps <= STEPS_A_TURN && this.#step());
    this.#isAdvancing = false;
    if (this.#state !== "open") return;
    if (!this.#isYielding && steps <= STEPS_A_TURN) {
      this.#settle();
      return;
    }
    this.#isYielding = false;
    this.#inbox.readWithin(LIMITS.readAheadBytes);
    this.#context.nextTurn(() => this.#advance());
  }

  /** Returns whether there may be another. */
  #step(): boolean {
    return this.#exchange === null ? this.#begin() : this.#feed(this.#exchange);
  }

  /** Begins the next request, and returns whether there was one. */
  #begin(): boolean {
    try {
      const { bytes, from } = this.#inbox;
      const head = this.#parser.parse(bytes, from);
      if (head === null) {
        this.#inbox.takeTo(from + this.#parser.passOver());
        return false;
      }
      this.#inbox.takeTo(from + this.#parser.length);
      const message = toMessage(head);
      this.#parser.reset();
      this.#handle(head, message);
      return true;
    } catch (error) {
      this.refuse(error);
      return false;
    }
  }

  #handle(head: RequestHead, message: Message): void {
    const { bodies, noBody, tally } = this.#context;
    const body = message.framing.is === "none" ? noBody : new RequestBody(message.framing, bodies, this.#onWanted);
    const incoming = new WireIncoming({ message, fields: head.fields, body }, this);
    tally.arrivals++;
    const mayBeKnown = body === noBody && message.isKept && !this.#isLeaving && !tally.isStopping;
    const isKnown = mayBeKnown && sendKnown(this.#context, this.#outbox, incoming, head.minorVersion);
    if (isKnown && this.#outbox.unsentBytes === 0) {
      this.#sinceMs = this.#context.steadyMs();
      return;
    }
    const exchange = makeExchange(head, { message, incoming, body });
    this.#exchange = exchange;
    const inFlight = tally.inFlight.add(1);
    if (isKnown) this.#awaitTaking(exchange);
    else {
      const onReply = (reply: Reply) => this.#answer(exchange, reply);
      ask(this.#context, exchange, {
        inFlight,
        room: this.#requireRoom,
        onReply,
        onFault: () => this.#giveUp(exchange),
      });
    }
  }

  /** Somebody reads the body of the request under way. */
  #wantBody(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#bodyPace.start(this.#context.steadyMs());
    if (exchange.message.isContinueAwaited && this.#inbox.size === 0 && this.#state === "open") {
      this.#outbox.sendCopy(CONTINUE, CONTINUE.length);
    }
    this.#advance();
  }

  /** Gives the request under way what is its own, and returns whether the connection can go on to the next. */
  #feed(exchange: Exchange): boolean {
    const { body } = exchange;
    try {
      const { bytes, from } = this.#inbox;
      const taken = this.#inbox.takeTo(body.take(bytes, from));
      // Not what begins with the head, whose fields lie in it.
      if (from === 0 && taken === bytes.length) freeBulk(bytes);
      if (taken > 0) this.#bodyPace.moved(taken, this.#context.steadyMs());
    } catch (error) {
      this.#isLeaving = true;
      this.#inbox.clear();
      body.fail(error);
    }
    if (this.#hasEnded && !body.isWhole && !body.isUntouched) {
      this.#isLeaving = true;
      body.fail(bodyEnded());
    }
    return exchange.isAnswered && this.#isOver(exchange);
  }

  /** Ends the exchange where all of it has come and gone. */
  #isOver(exchange: Exchange): boolean {
    if (this.#isLeaving) {
      this.#linger();
      return false;
    }
    if (!exchange.body.isWhole) return false;
    this.#exchange = null;
    this.#sinceMs = this.#context.steadyMs();
    return true;
  }

  /** Forgets what has been taken, listens as far as there is room, and sees to a client that sends no more. */
  #settle(): void {
    this.#inbox.readWithin(this.#exchange === null ? Number.POSITIVE_INFINITY : LIMITS.readAheadBytes);
    if (!this.#hasEnded || this.#exchange !== null) return;
    if (this.#inbox.size > 0) this.refuse(headEnded());
    else this.#linger();
  }

  #answer(exchange: Exchange, reply: Reply): void {
    const { body, message, minorVersion } = exchange;
    body.release();
    const slices = slicesOf(reply);
    if (this.#state !== "open") {
      this.#finish(exchange);
      void slices?.end().catch(() => {});
      return;
    }
    if (!body.isWhole) this.#passOver(exchange);
    if (isLastOf(exchange, slices !== null) || this.#context.tally.isStopping) this.#isLeaving = true;
    try {
      sendReply(this.#context, this.#outbox, reply, { method: message.method, minorVersion, isLast: this.#isLeaving });
    } catch {
      this.#giveUp(exchange);
      return;
    }
    if (slices === null) this.#awaitTaking(exchange);
    else this.#send(exchange, slices);
  }

  #send(exchange: Exchange, slices: Slices): void {
    const { message, minorVersion, incoming } = exchange;
    exchange.slices = slices;
    void sendSlices(this.#context, this.#outbox, {
      slices,
      isHeadAlone: message.method === "HEAD",
      isChunked: minorVersion === 1,
      isOwn: !incoming.isKeptOpen,
      holder: this,
      isWanted: () => this.#state === "open",
    }).then(
      (isSent) => (isSent ? this.#awaitTaking(exchange) : this.#giveUp(exchange)),
      // Cut, so that no client takes the part for the whole.
      () => this.#giveUp(exchange),
    );
  }

  #giveUp(exchange: Exchange): void {
    void exchange.slices?.end().catch(() => {});
    this.cut();
    this.#finish(exchange);
  }

  /** What has come of a body that nobody read is passed over, and little that is to come; else the connection ends. */
  #passOver(exchange: Exchange): void {
    const { body, message } = exchange;
    if (body.isAwaited) this.#isLeaving = true;
    const isAsked = message.isContinueAwaited && body.isUntouched;
    if (body.isUntouched) {
      body.drop();
      this.#bodyPace.start(this.#context.steadyMs());
      // Where the answer came at once, it is advancing already.
      if (this.#isAdvancing) this.#feed(exchange);
      else this.#advance();
    }
    if (body.isWhole) return;
    if (isAsked || body.isLeft || body.leftBytes > LIMITS.unwantedBodyBytes) this.#isLeaving = true;
  }

  /** The answer is over when the system has taken all of it. */
  #awaitTaking(exchange: Exchange): void {
    const { answers } = this.#context;
    exchange.slices = null;
    const { unsentBytes } = this.#outbox;
    if (unsentBytes === 0) {
      this.#end(exchange);
      return;
    }
    void answers.admit(this, unsentBytes);
    this.#outbox.whenEmpty(() => {
      answers.taken(this);
      this.#end(exchange);
    });
  }

  #end(exchange: Exchange): void {
    exchange.isAnswered = true;
    this.#finish(exchange);
    if (this.#state !== "open" || !this.#isOver(exchange)) return;
    this.#isYielding = exchange.isLarge;
    this.#advance();
  }

  #finish(exchange: Exchange): void {
    if (exchange.isOver) return;
    exchange.isOver = true;
    this.#context.tally.inFlight.add(-1);
  }

  #lookAtBody({ body, isAnswered }: Exchange, nowMs: number): void {
    if (body.isWhole || body.isUntouched || !this.#bodyPace.isTooSlow(nowMs)) return;
    if (isAnswered || body.isDropped) this.cut();
    else body.fail(bodyTooSlow());
  }

  /** Answers what is no request, or comes by one connection too many, and ends. */
  refuse(error: unknown): void {
    const { handler } = this.#context;
    const incoming = new UnreadIncoming(this.#parser.begun, this);
    const reply = handler.refuse(error, incoming);
    this.#isLeaving = true;
    this.#inbox.clear();
    sendReply(this.#context, this.#outbox, reply, { method: incoming.method, minorVersion: 1, isLast: true });
    this.#linger();
  }

  /** Sends no more, and waits for the client to do the same. */
  #linger(): void {
    if (this.#state !== "open") return;
    this.#state = "lingering";
    this.#exchange = null;
    this.#inbox.clear();
    this.#inbox.readWithin(Number.POSITIVE_INFINITY);
    this.#outbox.whenEmpty(() => {
      this.#sinceMs = this.#context.steadyMs();
      if (this.#hasEnded) this.#socket.close();
      else if (this.#state === "lingering") this.#socket.shutdown();
    });
  }

  /** Ends at once: there is nobody to answer, or others wait for the room that the client does not give. */
  cut(): void {
    if (this.#state === "closed") return;
    this.#socket.terminate();
    this.closed();
  }
}
