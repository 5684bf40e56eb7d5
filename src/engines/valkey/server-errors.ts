// What servers refuse commands with, as a table: whether it helps to send the command again, and what the user is told where
// that does not come to anything. Every answer that is an error says that the command has not been executed, except those that
// a script stops with; scripts judge before they write, so they stop before they have written.
import { type ErrorCode, KeyholdError } from "../../core/errors.ts";
import type { ReplyError } from "./reply.ts";

export type Act =
  /** To another server, at once. */
  | { readonly kind: "redirect"; readonly isForGood: boolean }
  /** With the text of the script. */
  | { readonly kind: "send-text" }
  /** Later; where `isRefresh`, after a look at who has what. */
  | { readonly kind: "retry"; readonly pauseMs: number; readonly isRefresh: boolean }
  /** Never. */
  | { readonly kind: "give-up"; readonly code: ErrorCode };

export interface Fault {
  /** A clause that the user is told: who it is that does not do what is asked, and why. */
  readonly reason: string;
  readonly retryAfterSeconds: number;
}

export interface ServerFault extends Fault {
  readonly act: Act;
  /** Whether an operator must see to it. */
  readonly isLoud: boolean;
}

const LATER = { isLoud: false, retryAfterSeconds: 1 } as const;
const MUCH_LATER = { isLoud: false, retryAfterSeconds: 2 } as const;
const LOUD = { isLoud: true, retryAfterSeconds: 1 } as const;

const again = (pauseMs: number): Act => ({ kind: "retry", pauseMs, isRefresh: false });
const elsewhere = (pauseMs: number): Act => ({ kind: "retry", pauseMs, isRefresh: true });
const giveUp = (code: ErrorCode): Act => ({ kind: "give-up", code });

const FAULTS: Readonly<Record<string, ServerFault>> = {
  MOVED: {
    act: { kind: "redirect", isForGood: true },
    reason: "the entries are being moved to another server",
    ...LATER,
  },
  ASK: {
    act: { kind: "redirect", isForGood: false },
    reason: "the entries are being moved to another server",
    ...LATER,
  },
  TRYAGAIN: { act: again(25), reason: "the entries are being moved to another server", ...LATER },
  CLUSTERDOWN: { act: elsewhere(100), reason: "the cluster does not serve these entries for now", ...MUCH_LATER },
  READONLY: { act: elsewhere(25), reason: "the server is no primary any more", ...LATER },
  LOADING: { act: elsewhere(100), reason: "the server is reading its data after a start", ...MUCH_LATER },
  MASTERDOWN: { act: elsewhere(100), reason: "the server has no link to its primary", ...MUCH_LATER },
  BUSY: { act: again(50), reason: "the server is held up by a long script", ...LATER },
  NOSCRIPT: { act: { kind: "send-text" }, reason: "the server forgets the engine's scripts", ...LATER },
  NOREPLICAS: {
    act: giveUp("unavailable"),
    reason: "the server has fewer replicas than its min-replicas-to-write asks for",
    ...LATER,
  },
  OOM: { act: giveUp("no-room"), reason: "the server has used all the memory it may use (maxmemory)", ...LOUD },
  MISCONF: { act: giveUp("no-room"), reason: "the server cannot write its data to its disk", ...LOUD },
  NOAUTH: { act: giveUp("internal"), reason: "the server asks for a password", ...LOUD },
  WRONGPASS: { act: giveUp("internal"), reason: "the server does not accept the password", ...LOUD },
  NOPERM: { act: giveUp("internal"), reason: "the server's user lacks a permission", ...LOUD },
  DENIED: { act: giveUp("internal"), reason: "the server is in protected mode", ...LOUD },
  CROSSSLOT: { act: giveUp("internal"), reason: "the engine has asked for keys of several slots at once", ...LOUD },
  WRONGTYPE: { act: giveUp("internal"), reason: "another program has written under the engine's keys", ...LOUD },
};

const BY_CODE: ReadonlyMap<string, ServerFault> = new Map(Object.entries(FAULTS));

/** Has no code of its own, and is an answer to a connection. */
const TOO_MANY_CLIENTS: ServerFault = {
  act: elsewhere(100),
  reason: "the server has as many clients as it may have (maxclients)",
  ...LOUD,
};

export const CLOSED: Fault = { reason: "the store is closed", retryAfterSeconds: 1 };
export const NO_PRIMARY: Fault = { reason: "no server is known to be the primary", retryAfterSeconds: 2 };
export const NOT_CONNECTED: Fault = { reason: "the server cannot be reached", retryAfterSeconds: 1 };
export const NOT_ANSWERED: Fault = { reason: "the server has not answered", retryAfterSeconds: 1 };

export function faultOf({ code, message }: ReplyError): ServerFault {
  if (code === "ERR" && message.startsWith("ERR max number of clients")) return TOO_MANY_CLIENTS;
  return (
    BY_CODE.get(code) ?? { act: giveUp("internal"), reason: `the server calls a command wrong (${code})`, ...LOUD }
  );
}

/** The error for a command that will not be executed. Of what the server calls wrong it is not said that nothing was written. */
export function refusedError(
  code: ErrorCode,
  command: { readonly isWrite: boolean; readonly fault: Fault; readonly afterMs: number | null },
): KeyholdError {
  const { isWrite, fault, afterMs } = command;
  const time = afterMs === null ? "" : ` within ${afterMs} ms`;
  const assurance = isWrite && code !== "internal" ? "; nothing has been written" : "";
  const detail = `Cannot ${isWrite ? "write" : "read"}${time}: ${fault.reason}${assurance}`;
  return new KeyholdError(code, detail, code === "unavailable" ? { retry_after: fault.retryAfterSeconds } : {});
}

/** The error for a write that may have been executed. */
export function unknownError(why: string): KeyholdError {
  return new KeyholdError(
    "outcome-unknown",
    `Cannot tell whether the write was made: ${why}; read the entry before trying again`,
  );
}
