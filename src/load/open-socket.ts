// A connection of the load generator: plain, or with TLS, where nothing is to be sent before the server's certificate has been
// seen to be good.

export interface Target {
  readonly hostname: string;
  readonly port: number;
  /** Whether to speak TLS, with a certificate that the system's authorities vouch for. */
  readonly isTls: boolean;
}

export interface SocketEvents<Data> {
  readonly data: (socket: Bun.Socket<Data>, part: Buffer) => void;
  readonly drain: (socket: Bun.Socket<Data>) => void;
  readonly close: (socket: Bun.Socket<Data>) => void;
}

/** The load could not be run to its end; the message says why. */
export class LoadFailed extends Error {}

export function targetOf({ hostname, port, protocol }: URL): Target {
  const isTls = protocol === "https:";
  const known = port === "" ? (isTls ? 443 : 80) : Number(port);
  return { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: known, isTls };
}

/** Resolves when it may be written to. @throws LoadFailed where it does not come to that */
export function openSocket<Data>(
  { hostname, port, isTls }: Target,
  data: Data,
  events: SocketEvents<Data>,
): Promise<Bun.Socket<Data>> {
  const ready = Promise.withResolvers<Bun.Socket<Data>>();
  const fail = (why: string) => ready.reject(new LoadFailed(`Cannot reach ${hostname}:${port}: ${why}`));
  Bun.connect<Data>({
    hostname,
    port,
    tls: isTls && { serverName: hostname, rejectUnauthorized: true },
    data,
    socket: {
      ...events,
      open: (socket) => {
        socket.setNoDelay(true);
        if (!isTls) ready.resolve(socket);
      },
      handshake: (socket, isGood, error) => {
        if (isGood && error === null) return ready.resolve(socket);
        fail(error?.message ?? "the TLS handshake failed");
        socket.terminate();
      },
      close: (socket) => {
        // Of no effect where it had been ready.
        fail("it closed the connection");
        events.close(socket);
      },
      connectError: (_socket, error) => fail(error.message),
    },
  }).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  return ready.promise;
}
