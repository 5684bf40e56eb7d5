// Where a server listens: what it calls itself there, what stands in its way, and when nothing more is on its way there.
import { rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { KeyholdError } from "../core/errors.ts";

/** What to do where a TCP port cannot be had. */
export const OTHER_ADDRESS = "choose another with --host or --port, 0 for a free one";
/** Turns of the event loop without a new request after which none is on its way that was sent before. */
const QUIET_TURNS = 4;
/** Bounds that wait where requests keep coming. */
const ARRIVAL_TURNS_MAX = 1000;

/** "http://127.0.0.1:3000". */
export function originOf({
  host,
  port,
  isSecure,
}: {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}): string {
  return `${isSecure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

export function cannotListen(place: string, cure: string, cause: unknown): KeyholdError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KeyholdError("unavailable", `Cannot listen on ${place}: ${reason}; ${cure}`, {}, { cause });
}

/** A server that was killed leaves its socket; one that still answers keeps it. @throws "unavailable" */
export async function removeLeftSocket(path: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new KeyholdError("unavailable", `Cannot listen on ${path}: it is a file, and no socket; choose another path`);
  if (await isAnswered(path))
    throw new KeyholdError("unavailable", `Cannot listen on ${path}: another server listens there`);
  rmSync(path, { force: true });
}

/**
 * Resolves once all that was sent to the server before has been accepted, though it lies in the system's buffers still. A turn of
 * the event loop reads what has come, of a new connection the second.
 *
 * @param arrivals - requests that have come so far
 */
export async function untilQuiet(arrivals: () => number): Promise<void> {
  for (let turn = 0, quietTurns = 0; turn < ARRIVAL_TURNS_MAX && quietTurns < QUIET_TURNS; turn++) {
    const before = arrivals();
    await new Promise<void>((resolve) => setImmediate(resolve));
    quietTurns = arrivals() === before ? quietTurns + 1 : 0;
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
