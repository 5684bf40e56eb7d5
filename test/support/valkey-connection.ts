// Connections of the engine under test, with bounds that a test does not meet unless it asks for them.
import {
  Connection,
  ConnectionLost,
  type ConnectionOptions,
  type ServerAccess,
} from "../../src/engines/valkey/connection.ts";
import type { Reply } from "../../src/engines/valkey/reply.ts";
import type { ServerAddress } from "./valkey-wire.ts";

export const NO_ACCESS: ServerAccess = { user: null, password: null, tls: null, database: 0 };

export function connectionOptions(
  address: ServerAddress,
  changed: Partial<Omit<ConnectionOptions, "access">> & { readonly access?: Partial<ServerAccess> } = {},
): ConnectionOptions {
  return {
    address,
    connectTimeoutMs: 5000,
    stallMs: 5000,
    inFlightMax: 200_000,
    queuedBytesMax: 256 * 1024 * 1024,
    ...changed,
    access: { ...NO_ACCESS, ...changed.access },
  };
}

/** For the length of `body`. */
export async function withConnection(
  options: ConnectionOptions,
  body: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await Connection.open(options);
  try {
    await body(connection);
  } finally {
    connection.close("The test is over");
  }
}

/** What the command, or the connection, came to nothing by. @throws Error when it did come to something */
export async function lossOf(outcome: Promise<Reply | Connection>): Promise<ConnectionLost> {
  try {
    const value = await outcome;
    if (value instanceof Connection) value.close("It should not have opened");
  } catch (error) {
    if (error instanceof ConnectionLost) return error;
    throw error;
  }
  throw new Error("It was not lost");
}

export function textOf(reply: Reply): string | null {
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : null;
}
