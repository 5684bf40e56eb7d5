// A request of a connection, and what becomes of it until its answer has been taken.
import { isStreamed, type Reply, type RequestHandler } from "../exchange.ts";
import type { Slices } from "../slices.ts";
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

/** What the handler answers. One that throws, which none should, has made a promise that it does not keep. */
export function ask(
  handler: RequestHandler,
  { incoming }: Exchange,
  requireRoom: (reply: Reply) => void,
): Reply | Promise<Reply> {
  try {
    return handler.handle(incoming, requireRoom);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Whether the connection ends with this answer, for what request and answer are. */
export function isLastOf({ message, minorVersion }: Exchange, { body }: Reply): boolean {
  if (!message.isKept || !isKnownMethod(message.method)) return true;
  // The end of a stream is all that HTTP/1.0 has to say where it ends.
  return isStreamed(body) && minorVersion === 0 && message.method !== "HEAD";
}
