// A request of a connection, and what becomes of it until its answer has been taken.
import { isPrepared, isStreamed, type Prepared, type Reply, type RequestHandler } from "../exchange.ts";
import { Slices } from "../slices.ts";
import type { RequestHead } from "./head-parser.ts";
import { isKnownMethod } from "./known-methods.ts";
import type { Message } from "./message.ts";
import type { RequestBody } from "./request-body.ts";
import { type RequestConnection, WireIncoming } from "./wire-incoming.ts";

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

/** The request and its body, such as its framing asks for. */
export function makeExchange(
  { fields, minorVersion }: RequestHead,
  { message, body }: { readonly message: Message; readonly body: RequestBody },
  connection: RequestConnection,
): Exchange {
  const incoming = new WireIncoming({ message, fields, body }, connection);
  return { message, minorVersion, body, incoming, isAnswered: false, isOver: false, isLarge: false, slices: null };
}

/** What the handler answers, or has answered before. One that throws, which none should, has made a promise that it does not keep. */
export function ask(
  handler: RequestHandler,
  { incoming, message }: Exchange,
  requireRoom: (reply: Reply) => void,
): Reply | Prepared | Promise<Reply> {
  try {
    const known = message.framing.is === "none" ? handler.recall(incoming) : null;
    return known ?? handler.handle(incoming, requireRoom);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Whether the connection ends with this answer, for what request and answer are. */
export function isLastOf({ message, minorVersion }: Exchange, isInParts: boolean): boolean {
  if (!message.isKept || !isKnownMethod(message.method)) return true;
  // The end of a stream is all that HTTP/1.0 has to say where it ends.
  return isInParts && minorVersion === 0 && message.method !== "HEAD";
}

/** The parts of an answer that comes in some; null for one that is whole. */
export function slicesOf(reply: Reply | Prepared): Slices | null {
  return isPrepared(reply) || !isStreamed(reply.body) ? null : new Slices(reply.body, true);
}
