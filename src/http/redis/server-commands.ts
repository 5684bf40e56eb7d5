// Commands on the connection and the server, which touch no entry.
import { type Answer, bytes, integer, list, NIL, OK, text } from "./answer.ts";
import { type Argument, integerOf, textOf, wordOf } from "./arguments.ts";
import type { Draft } from "./draft.ts";
import { Refusal, wrongCount } from "./refusal.ts";

const NOTHING = new Uint8Array();

export async function ping([message, ...rest]: readonly Argument[]): Promise<Answer> {
  if (rest.length > 0) throw wrongCount("ping");
  return message === undefined ? { is: "status", text: "PONG" } : bytes(message);
}

export async function echo([message = NOTHING]: readonly Argument[]): Promise<Answer> {
  return bytes(message);
}

/** Seconds, and microseconds of the second; the clock of entries counts milliseconds. */
export async function time(_: readonly Argument[], { now }: Draft): Promise<Answer> {
  return list([text(String(Math.floor(now / 1000))), text(String((now % 1000) * 1000))]);
}

/** There is one database. */
export async function select([index = NOTHING]: readonly Argument[]): Promise<Answer> {
  if (integerOf(index) !== 0n) throw new Refusal("ERR DB index is out of range");
  return OK;
}

/** What clients say of themselves when they connect. */
export async function client([subcommand = NOTHING]: readonly Argument[]): Promise<Answer> {
  switch (wordOf(subcommand)) {
    case "SETINFO":
    case "SETNAME":
      return OK;
    case "GETNAME":
      return NIL;
    case "ID":
      return integer(1);
    default:
      throw new Refusal(`ERR unknown subcommand '${textOf(subcommand)}'. Known here: SETINFO, SETNAME, GETNAME, ID`);
  }
}

/** What some clients look at before they use a server. */
export async function info(): Promise<Answer> {
  return text(
    [
      "# Server",
      "redis_version:7.2.0",
      "redis_mode:standalone",
      "server_name:keyhold",
      "",
      "# Cluster",
      "cluster_enabled:0",
      "",
    ].join("\r\n"),
  );
}
