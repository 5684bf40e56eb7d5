// What a command is refused with, in Redis' own words. It stays in this folder: who runs commands makes an answer of it
// (run.ts), and of the faults of the rest of the server as well.
import { type ErrorCode, KeyholdError } from "../../core/errors.ts";

/** A command that does not fit what Redis asks of it, or what stands under its keys. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const NOT_A_FLOAT = "ERR value is not a valid float";
export const SYNTAX = "ERR syntax error";
export const NO_SUCH_KEY = "ERR no such key";

/** The words that Redis' errors begin with, and clients tell them apart by; ERR for all others. */
const WORDS: Partial<Readonly<Record<ErrorCode, string>>> = {
  unauthenticated: "WRONGPASS",
  forbidden: "NOPERM",
  "foreign-origin": "NOPERM",
  "cross-partition": "CROSSSLOT",
  "no-room": "OOM",
  busy: "TRYAGAIN",
  unavailable: "TRYAGAIN",
};

/** A fault as Redis would say it. */
export function faultMessage({ code, detail }: KeyholdError): string {
  return `${WORDS[code] ?? "ERR"} ${detail}`;
}

/** The message of what a command was refused with; throws again what is no refusal and no fault. */
export function messageOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof KeyholdError && error.code !== "internal") return faultMessage(error);
  throw error;
}

export function invalidExpiry(command: string): Refusal {
  return new Refusal(`ERR invalid expire time in '${command}' command`);
}

export function wrongCount(command: string): Refusal {
  return new Refusal(`ERR wrong number of arguments for '${command}' command`);
}

export function tooLong(limitBytes: number): Refusal {
  return new Refusal(
    `ERR string exceeds maximum allowed size (proto-max-bulk-len): ${limitBytes} bytes on this server, which --max-value raises`,
  );
}
