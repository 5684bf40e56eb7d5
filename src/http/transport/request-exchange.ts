// A request of a connection, and what becomes of it until its answer has been taken.
import { isStreamed, type Reply } from "../exchange.ts";
import { Slices } from "../slices.ts";
import { tooManyRequests } from "../too-many.ts";
import type { ConnectionContext } from "./context.ts";
import type { RequestHead } from "./head-parser.ts";
import { isKnownMethod } from "./known-methods.ts";
import type { Message } from "./message.ts";
import type { RequestBody } from "./request-body.ts";
import type { WireIncoming } from "./wire-incoming.ts";

export interface Exchange {
  readonly message: Message;
  readonly minorVersion: 0 | 1;
  readonly body: RequestBody;
  readonly incoming: WireIncoming;
  /** Whether the answer has been handed to the system. */
  isAnswered: boolean;
  /** Whether it counts no more as under way. */
  isOver: boolean;
  /** Whether much was read for it, whatever is answered then: the request behind it has to wait for a turn. */
  isLarge: boolean;
  /** Parts of the answer, while they are sent. */
  slices: Slices | null;
}

/** The request, its body, and what becomes of it. */
export function makeExchange(
  { minorVersion }: RequestHead,
  request: Pick<Exchange, "message" | "body" | "incoming">,
): Exchange {
  return { ...request, minorVersion, isAnswered: false, isOver: false, isLarge: false, slices: null };
}

/** How a request is handled: what asks whether there is room for an answer, and what is told of it. */
export interface Asking {
  /** Requests under way, this one among them. */
  readonly inFlight: number;
  readonly room: (reply: Reply) => void;
  readonly onReply: (reply: Reply) => void;
  /** The handler has thrown, which none should, or made a promise that it does not keep: a fault of ours. */
  readonly onFault: () => void;
}

/** Hands a request to the handler, and its answer on, at once or later. */
export function ask(
  { handler, requestsInFlight }: Pick<ConnectionContext, "handler" | "requestsInFlight">,
  { incoming }: Exchange,
  { inFlight, room, onReply, onFault }: Asking,
): void {
  let reply: Reply | Promise<Reply>;
  try {
    const isTooMany = inFlight > requestsInFlight;
    reply = isTooMany ? handler.refuse(tooManyRequests(requestsInFlight), incoming) : handler.handle(incoming, room);
  } catch {
    onFault();
    return;
  }
  if (reply instanceof Promise) reply.then(onReply, onFault);
  else onReply(reply);
}

/** Whether the connection ends with this answer, for what request and answer are. */
export function isLastOf({ message, minorVersion }: Exchange, isInParts: boolean): boolean {
  if (!message.isKept || !isKnownMethod(message.method)) return true;
  // The end of a stream is all that HTTP/1.0 has to say where it ends.
  return isInParts && minorVersion === 0 && message.method !== "HEAD";
}

/** The parts of an answer that comes in some; null for one that is whole. */
export function slicesOf({ body }: Reply): Slices | null {
  return isStreamed(body) ? new Slices(body, true) : null;
}
