// Puts replies on the wire: head and small body in one write, large bodies as they lie in memory, streams slice by slice as the
// client takes them. How a reply is framed follows from what it is, and from the version that the client speaks.
import { LIMITS } from "../../core/limits.ts";
import { isStreamed, type RecalledRequest, type Reply } from "../exchange.ts";
import type { Slices } from "../slices.ts";
import type { WaitingStream } from "../stream-budget.ts";
import type { ConnectionContext } from "./context.ts";
import type { Outbox } from "./outbox.ts";
import { type Persistence, type ReplyFraming, renderFirstLines, renderHead } from "./reply-head.ts";

/** How a reply is to be sent. */
export interface Manner {
  readonly method: string;
  readonly minorVersion: 0 | 1;
  /** Whether the connection ends behind it. */
  readonly isLast: boolean;
}

/** A larger body is handed to the system as it lies in memory, in a write of its own. */
const COPIED_BYTES = 16 * 1024;
/** Of a stream, sent without looking at anybody else. */
const TURN_BYTES = 128 * 1024;
const CRLF = "\r\n";
const LAST_CHUNK = "0\r\n\r\n";
const NO_BODY_STATUSES: readonly number[] = [204, 304];

/** Sends head and body of an answer that is whole, or the head alone where the body is streamed. */
export function sendReply(
  { date, scratch, collector }: ConnectionContext,
  outbox: Outbox,
  reply: Reply,
  manner: Manner,
): void {
  const { status, headers, body } = reply;
  const framing = framingOf(reply, manner.minorVersion);
  const head = renderHead({ status, headers, framing, persistence: persistenceOf(manner), date: date.text });
  const headLength = scratch.write(head, 0, "latin1");
  if (headLength < head.length) throw new Error("The head of an answer is longer than any may be");
  const isBare = manner.method === "HEAD" || framing.is !== "length" || framing.length === 0;
  if (isBare || body === null || isStreamed(body)) {
    outbox.sendCopy(scratch, headLength);
  } else if (framing.length > COPIED_BYTES) {
    collector.passed(framing.length);
    outbox.sendCopy(scratch, headLength);
    outbox.send(typeof body === "string" ? Buffer.from(body) : body);
  } else {
    if (typeof body === "string") scratch.write(body, headLength);
    else scratch.set(body, headLength);
    outbox.sendCopy(scratch, headLength + framing.length);
  }
}

/** Sends the answer to a request that is known already, on a connection that goes on; returns whether there was one. */
export function sendKnown(
  { handler, date, scratch }: Pick<ConnectionContext, "handler" | "date" | "scratch">,
  outbox: Outbox,
  request: RecalledRequest,
  minorVersion: 0 | 1,
): boolean {
  const known = handler.recall(request);
  if (known === null) return false;
  const { status, common, bytes, from, to } = known;
  let at = 0;
  if (minorVersion === 1) {
    at = date.beginningOf(status, common).copy(scratch);
  } else {
    at = scratch.write(renderFirstLines({ status, persistence: "keep-alive", date: date.text }), 0, "latin1");
    scratch.set(common, at);
    at += common.length;
  }
  outbox.sendCopy(scratch, at + bytes.copy(scratch, at, from, to));
  return true;
}

function persistenceOf({ isLast, minorVersion }: Pick<Manner, "isLast" | "minorVersion">): Persistence {
  if (isLast) return "close";
  return minorVersion === 0 ? "keep-alive" : "default";
}

function framingOf({ status, body }: Reply, minorVersion: 0 | 1): ReplyFraming {
  if (NO_BODY_STATUSES.includes(status)) return { is: "none" };
  if (body === null) return { is: "length", length: 0 };
  if (typeof body === "string") return { is: "length", length: Buffer.byteLength(body) };
  if (body instanceof Uint8Array) return { is: "length", length: body.length };
  return minorVersion === 0 ? { is: "none" } : { is: "chunked" };
}

export interface StreamedReply {
  readonly slices: Slices;
  /** Whether nothing of it is sent, as it answers HEAD. */
  readonly isHeadAlone: boolean;
  readonly isChunked: boolean;
  /** Whether its parts are this client's alone, and at once there when they are asked for; not those of a watch. */
  readonly isOwn: boolean;
  /** Who is cut off where others wait for the room that its slice takes. */
  readonly holder: WaitingStream;
  /** Whether there is still somebody to send to. */
  readonly isWanted: () => boolean;
}

/** Sends the slices of a stream; resolves to whether all were sent. @throws what making them throws */
export async function sendSlices(
  { answers, collector, scratch, nextTurn }: Pick<ConnectionContext, "answers" | "collector" | "scratch" | "nextTurn">,
  outbox: Outbox,
  { slices, isHeadAlone, isChunked, isOwn, holder, isWanted }: StreamedReply,
): Promise<boolean> {
  if (isHeadAlone) {
    await slices.end();
    return isWanted();
  }
  let turnBytes = 0;
  let partBytes: number = LIMITS.stepBytes;
  try {
    for (;;) {
      const isNew = !slices.isWithinPart;
      if (isNew) answers.taken(holder);
      const turn = isNew && isOwn ? answers.reserve(holder, partBytes) : undefined;
      if (turn !== undefined) {
        await turn;
        // Room that one gives up goes to another at once: a hundred parts would be made in a row.
        await new Promise<void>(nextTurn);
        turnBytes = 0;
      }
      if (!isWanted()) return false;
      const slice = await slices.next();
      if (!isWanted()) return false;
      if (slice === null) break;
      if (isNew && isOwn) collector.passed(slice.heldBytes);
      if (isNew) partBytes = Math.max(LIMITS.stepBytes, slice.heldBytes);
      if (isOwn) answers.filled(holder, slice.heldBytes);
      else await answers.admit(holder, slice.heldBytes);
      if (!isWanted()) return false;
      if (isChunked) sendChunk(outbox, scratch, slice.bytes);
      else outbox.send(slice.bytes);
      turnBytes += slice.bytes.length;
      if (outbox.unsentBytes > 0) await new Promise<void>((resolve) => outbox.whenEmpty(resolve));
      else if (turnBytes < TURN_BYTES) continue;
      else await new Promise<void>(nextTurn);
      turnBytes = 0;
    }
  } finally {
    answers.taken(holder);
  }
  if (!isWanted()) return false;
  if (isChunked) outbox.sendCopy(scratch, scratch.write(LAST_CHUNK, 0, "latin1"));
  return true;
}

/** What is large goes by itself, as it lies in memory: other clients may be sent the very same bytes. */
function sendChunk(outbox: Outbox, scratch: Buffer, bytes: Uint8Array): void {
  const size = scratch.write(`${bytes.length.toString(16)}${CRLF}`, 0, "latin1");
  if (bytes.length <= COPIED_BYTES) {
    scratch.set(bytes, size);
    const end = size + bytes.length;
    outbox.sendCopy(scratch, end + scratch.write(CRLF, end, "latin1"));
  } else {
    outbox.sendCopy(scratch, size);
    outbox.send(bytes);
    outbox.sendCopy(scratch, scratch.write(CRLF, 0, "latin1"));
  }
}
