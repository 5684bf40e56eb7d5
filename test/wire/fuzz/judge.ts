// Compares what Keyhold's transport took from a stream with what Node's parser took. Keyhold may take less where it says which of
// its rules was broken and that rule stands in the list (deliberate.ts); it may never take more, or anything else.

import { type Answer, MalformedAnswer, readAnswers } from "./answers.ts";
import { DELIBERATE, endsConnection, fieldOf, isShown, type Place } from "./deliberate.ts";
import { LITTLE_BYTES } from "./delivery.ts";
import { answerBodyOf, NAMES_MAX, type Play, type Taken } from "./play.ts";
import type { Testimony, WitnessMessage } from "./witness.ts";

export type Verdict =
  /** @property how - for the table at the end, such as "both refuse" */
  | { readonly is: "fine"; readonly how: string }
  | { readonly is: "stricter"; readonly rule: string }
  | { readonly is: "fault"; readonly what: string };

/** What a client that closed too early is told: about what had not come. */
const CUT_SHORT = ["truncated", "invalid-request"];
const OURS_ENDS = "ours ends, as Connection, HTTP/1.0 or an unread body has it";
/** Bytes of an unread body beyond which a connection is ended rather than read on. */
const UNREAD_BYTES = 64 * 1024;

export function judge(play: Play, testimony: Testimony): Verdict {
  const hasLeft = play.delivery.leavesBehind !== null;
  const fault = faultOf(play) ?? differenceOf(play, testimony) ?? (hasLeft ? null : answersFault(play));
  if (fault === null && hasLeft) return { is: "fine", how: "the client left" };
  return fault === null ? endVerdict(play, testimony) : { is: "fault", what: fault };
}

/** The rule by which it was refused, or its code; null where nothing was. */
export function refusalKey({ refusal }: Play): string | null {
  return refusal === null ? null : (refusal.rule ?? refusal.code);
}

function faultOf({ socket, fault, isOver }: Play): string | null {
  if (fault !== null) return fault;
  if (socket.fault !== null) return socket.fault;
  if (socket.isCut) return "the connection was cut";
  return isOver ? null : "the connection hangs";
}

function differenceOf(play: Play, { messages, begun, end }: Testimony): string | null {
  const taken = play.taken.filter(({ isUnknown }) => !isUnknown);
  for (const [index, each] of taken.entries()) {
    // A body that is not read is answered before its end is known.
    const isUnread = index === messages.length && each.body === null && !end.startsWith("status");
    const message = messages[index] ?? (isUnread ? begun : null);
    if (message === null) return `it took a message that the witness did not: ${shown(each)}`;
    const what = messageDifference(each, message);
    if (what !== null) return `message ${index} differs in its ${what}: ${shown(each)}`;
    if (isLast(play, message) && play.taken.length > index + 1)
      return `it went on behind message ${index}, the last of its connection`;
  }
  return null;
}

function messageDifference(taken: Taken, message: WitnessMessage): string | null {
  if (taken.method !== message.method) return "method";
  if (taken.target !== pathOf(message.target)) return "target";
  if (taken.body !== null && taken.body !== message.body) return "body";
  for (const [name, value] of taken.fields) if (value !== fieldOf(message, name)) return `field ${name}`;
  if (taken.fields.size === NAMES_MAX) return null;
  const missing = message.fields.find(([name]) => !taken.fields.has(name.toLowerCase()));
  return missing === undefined ? null : `field ${missing[0]}`;
}

/** Of an absolute target its path and query (RFC 9112 §3.2.2). */
function pathOf(target: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(target)?.[1];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function answersFault(play: Play): string | null {
  let answers: readonly Answer[];
  try {
    answers = readAnswers(play.socket.sent, (index) => (play.taken[index] ?? play.refusal)?.method === "HEAD", true);
  } catch (error) {
    if (error instanceof MalformedAnswer) return `its answers cannot be read: ${error.message}`;
    throw error;
  }
  const finals = answers.filter(({ status }) => status >= 200);
  const interim = interimFault(play, answers);
  if (interim !== null) return interim;
  if (finals.length !== play.taken.length + (play.refusal === null ? 0 : 1)) {
    return `it sent ${finals.length} answers to ${play.taken.length} requests`;
  }
  for (const [index, answer] of finals.entries()) {
    const what = answerFault(play, index, answer);
    if (what !== null) return what;
    const isLast = index === finals.length - 1;
    if (answer.fields.get("connection") === "close" && !isLast)
      return `it answered behind answer ${index}, which was the last`;
  }
  return null;
}

/** 100 alone, once before an answer, and only to who waits for it. */
function interimFault({ taken }: Play, answers: readonly Answer[]): string | null {
  let finals = 0;
  for (const [index, { status }] of answers.entries()) {
    if (status >= 200) finals++;
    else if (status !== 100) return "it sent an interim answer that is not 100";
    else if (answers[index - 1]?.status === 100) return "it sent 100 twice";
    else if (!isAwaiting(taken[finals])) return "it sent 100 unasked";
  }
  return null;
}

/** Of a request that was refused nothing is known here. */
function isAwaiting(request: Taken | undefined): boolean {
  return request === undefined || request.fields.get("expect")?.toLowerCase() === "100-continue";
}

function answerFault({ taken, delivery }: Play, index: number, { status, body, fields }: Answer): string | null {
  const request = taken[index];
  if (request === undefined || request.isUnknown) {
    if (fields.get("connection") !== "close") return "it refused and went on";
    return status === (request === undefined ? 400 : 405) ? null : `answer ${index} has the status ${status}`;
  }
  if (status !== (delivery.answers === "nothing" ? 204 : 200)) return `answer ${index} has the status ${status}`;
  const expected = request.method === "HEAD" ? "" : answerBodyOf(index, delivery);
  return body === expected ? null : `answer ${index} has another body: ${JSON.stringify(body.slice(0, 80))}`;
}

/** All that both took is the same: what about the rest? */
function endVerdict(play: Play, testimony: Testimony): Verdict {
  const { messages, begun, end } = testimony;
  const taken = play.taken.filter(({ isUnknown }) => !isUnknown).length;
  const key = refusalKey(play);
  const last = messages[taken - 1] ?? null;
  const { stream } = play;
  if (play.taken.length > taken) return unknownVerdict(testimony, taken);
  if (taken < messages.length) {
    if (key !== null) return refusalVerdict(play, key, { stream, message: messages[taken] ?? null, before: last });
    return last !== null && (isLast(play, last) || leavesUnread(play, last))
      ? { is: "fine", how: OURS_ENDS }
      : { is: "fault", what: `it ends without a word before message ${taken}` };
  }
  if (end === "closed" && taken === messages.length) {
    return key === null
      ? { is: "fine", how: "both end" }
      : { is: "fault", what: "it refuses behind the end of the connection" };
  }
  if (key === null) return silentVerdict(play, testimony, last);
  if (end !== "open")
    return { is: "fine", how: CUT_SHORT.includes(key) ? "both refuse, ours at the end" : "both refuse" };
  return CUT_SHORT.includes(key)
    ? { is: "fine", how: "both wait for more" }
    : refusalVerdict(play, key, { stream, message: begun, before: last });
}

/** A method that no registry knows is answered 405 and ends the connection; the witness refuses it. */
function unknownVerdict({ messages, end }: Testimony, taken: number): Verdict {
  if (taken < messages.length) return { is: "fault", what: "it does not know a method that the witness takes" };
  return end === "refused" || end === "open"
    ? { is: "fine", how: "both refuse the method" }
    : { is: "fault", what: `it answers a method behind ${end}` };
}

function silentVerdict(play: Play, { end, code }: Testimony, last: WitnessMessage | null): Verdict {
  if (end === "open") return { is: "fine", how: "both take all" };
  const isEnded = last !== null && (isLast(play, last) || leavesUnread(play, last));
  if (isEnded || (play.delivery.reads !== "all" && play.taken.length > 0)) return { is: "fine", how: OURS_ENDS };
  return { is: "fault", what: `it says nothing where the witness refuses (${code ?? end})` };
}

/** Whether the answer to a message is the last of its connection. HTTP/1.0 knows no other end of a streamed one. */
function isLast({ delivery }: Play, message: WitnessMessage): boolean {
  const isStreamed = delivery.answers === "stream" && message.version === "1.0" && message.method !== "HEAD";
  return isStreamed || endsConnection(message);
}

function leavesUnread({ delivery }: Play, { body, fields }: WitnessMessage): boolean {
  if (delivery.reads === "all") return false;
  if (delivery.reads === "little") return body.length > LITTLE_BYTES;
  return body.length > UNREAD_BYTES || fields.some(([name]) => /^(?:transfer-encoding|expect)$/i.test(name));
}

function refusalVerdict(play: Play, key: string, place: Place): Verdict {
  const deliberate = DELIBERATE.find(({ rule }) => rule === key);
  if (deliberate === undefined)
    return { is: "fault", what: `it refuses (${key}: ${play.refusal?.detail}), which stands in no list` };
  if (!isShown(deliberate, place))
    return { is: "fault", what: `it refuses (${key}: ${play.refusal?.detail}) without its reason` };
  return { is: "stricter", rule: key };
}

function shown({ method, target, body }: Taken): string {
  return JSON.stringify({ method, target, body: body?.slice(0, 200) ?? null });
}
