// Where a server listens: what it calls itself there, and what stands in its way.
import { rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { KeyholdError } from "../core/errors.ts";

/** What to do where a TCP port cannot be had. */
export const OTHER_ADDRESS = "choose another with --host or --port, 0 for a free one";

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
