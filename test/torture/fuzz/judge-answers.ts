// Judges what a server has sent on one connection of the fuzzing: every octet belongs to an answer that is HTTP as RFC 9112 has it,
// nothing was left without an answer, and no answer tells of a fault of the server's own.
import { BadAnswer, type RawAnswer, readAnswer } from "../../wire/answer-reader.ts";
import type { Played } from "./play-connection.ts";

export interface Judged {
  readonly answers: readonly RawAnswer[];
  /** What is wrong; null for nothing. */
  readonly fault: string | null;
}

/** Faults of the server that are documented as such: not a method of HTTP, no room or store, a version of HTTP, no disk. */
const KNOWN_5XX = [501, 503, 505, 507];
const INTERNAL = /"code": ?"internal"/;
/** In whose stream a request may be one of HEAD, so that an answer has no body. */
const HEAD = /HEAD/i;

export function judgeAnswers(played: Played): Judged {
  const { drawn, received, end } = played;
  if (end === "late") return { answers: [], fault: "it was neither answered to the end nor closed in time" };
  if (end === "refused") return { answers: [], fault: "the server took no connection" };
  const source = { bytes: received, hasEnded: true, mayBeHead: HEAD.test(drawn.stream), isCut: end !== "ended" };
  let answers: readonly RawAnswer[] | string;
  try {
    answers = readFrom(source, 0, []);
  } catch (error) {
    if (!(error instanceof BadAnswer)) throw error;
    answers = error.message;
  }
  if (typeof answers === "string") return { answers: [], fault: `${answers}: ${shown(received)}` };
  const wrong = answers.find(
    ({ status, body }) => status >= 500 && (!KNOWN_5XX.includes(status) || INTERNAL.test(body)),
  );
  if (wrong !== undefined) return { answers, fault: `it was answered ${wrong.status}: ${wrong.body.slice(0, 300)}` };
  const isSilent = answers.length === 0 && end === "ended" && /^[\r\n]*[^\r\n]/.test(drawn.stream);
  return { answers, fault: isSilent ? "it was closed without an answer" : null };
}

interface Source {
  readonly bytes: Buffer;
  readonly hasEnded: boolean;
  readonly mayBeHead: boolean;
  /** Whether the last answer may be torn, as the client has left or the system has taken away what was on its way. */
  readonly isCut: boolean;
}

/** Where a request may have been one of HEAD, either reading will do. @throws BadAnswer */
function readFrom(source: Source, start: number, before: readonly RawAnswer[]): readonly RawAnswer[] | string {
  const { bytes, mayBeHead, isCut } = source;
  if (start === bytes.length) return before;
  const whole = attempt(source, start, false);
  const read = whole instanceof Error || whole === null ? whole : readFrom(source, whole.end, [...before, whole]);
  if (Array.isArray(read)) return read;
  if (mayBeHead) {
    const head = attempt(source, start, true);
    if (head !== null && !(head instanceof Error) && head.end !== (whole instanceof Error ? -1 : whole?.end)) {
      const other = readFrom(source, head.end, [...before, head]);
      if (Array.isArray(other)) return other;
    }
  }
  if (read === null) return isCut ? before : "The last answer is not whole";
  return read instanceof Error ? read.message : String(read);
}

function attempt({ bytes, hasEnded }: Source, start: number, isHead: boolean): RawAnswer | null | BadAnswer {
  try {
    return readAnswer({ bytes, start, isHead, hasEnded });
  } catch (error) {
    if (error instanceof BadAnswer) return error;
    throw error;
  }
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1").slice(0, 500));
}
