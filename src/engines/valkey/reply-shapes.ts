// Replies of commands whose shape is known: taken for what they are to be, or refused as a fault of the program or the server.
import { KeyholdError } from "../../core/errors.ts";
import { type Reply, ReplyError } from "./reply.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** @throws "internal" on another reply, as all of these */
export function toBytes(reply: Reply): Uint8Array {
  if (reply instanceof Uint8Array) return reply;
  throw unexpected(reply, "bytes");
}

export function toBytesOrNull(reply: Reply): Uint8Array | null {
  return reply === null ? null : toBytes(reply);
}

export function toText(reply: Reply): string {
  return typeof reply === "string" ? reply : decoder.decode(toBytes(reply));
}

export function toInteger(reply: Reply): number {
  if (typeof reply === "number") return reply;
  throw unexpected(reply, "an integer");
}

/** A number that is kept as text; 0 where there is none. */
export function toCount(reply: Reply): number {
  return reply === null ? 0 : Number(toText(reply));
}

export function toList(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply, "a list");
}

function unexpected(reply: Reply, wanted: string): KeyholdError {
  const got = reply instanceof ReplyError ? reply.message : Array.isArray(reply) ? "a list" : typeof reply;
  return new KeyholdError("internal", `The server answered ${got} where ${wanted} was expected`);
}
