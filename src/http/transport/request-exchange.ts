// A request of a connection, and what becomes of it until its answer has been taken.
import type { BodyBudget } from "../body-budget.ts";
import type { Slices } from "../slices.ts";
import type { RequestHead } from "./head-parser.ts";
import type { Message } from "./message.ts";
import { RequestBody } from "./request-body.ts";
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
  /** Parts of the answer, while they are sent. */
  slices: Slices | null;
}

interface Surroundings {
  readonly message: Message;
  readonly bodies: BodyBudget;
  readonly connection: RequestConnection;
  /** Called when somebody begins to read the body. */
  readonly onWanted: () => void;
}

export function makeExchange(
  { fields, minorVersion }: RequestHead,
  { message, bodies, connection, onWanted }: Surroundings,
): Exchange {
  const body = new RequestBody(message.framing, bodies, onWanted);
  const incoming = new WireIncoming({ message, fields, body }, connection);
  return { message, minorVersion, body, incoming, isAnswered: false, isOver: false, slices: null };
}
