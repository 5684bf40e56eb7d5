// A small closed-loop load generator: so many connections, each sending its next request when the answer has come whole.
// Raw sockets, as a full HTTP client would cost more than the server it measures.

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly latenciesMs: Float64Array;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
}

export interface Load {
  readonly url: URL;
  readonly connections: number;
  readonly seconds: number;
  /** The text of the next request of a connection, head and body. */
  readonly next: (sequence: number) => string;
}

const HEAD_END = "\r\n\r\n";
const LATENCIES_MAX = 5_000_000;

interface Connection {
  sentAt: number;
  received: string;
}

/** Runs the load. Requires: answers with a Content-Length, or without a body. */
export async function runLoad({ url, connections, seconds, next }: Load): Promise<LoadResult> {
  const latencies = new Float64Array(LATENCIES_MAX);
  const statuses = new Map<number, number>();
  let requests = 0;
  let sequence = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const done = Promise.withResolvers<void>();
  let open = connections;

  function send(socket: Bun.Socket<Connection>): void {
    socket.data.sentAt = performance.now();
    socket.data.received = "";
    socket.write(next(sequence++));
  }

  function receive(socket: Bun.Socket<Connection>, chunk: Buffer): void {
    const { data } = socket;
    data.received += chunk.toString("latin1");
    if (!isWhole(data.received)) return;
    const now = performance.now();
    latencies[requests++ % LATENCIES_MAX] = now - data.sentAt;
    const status = Number(data.received.slice(9, 12));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (now < endsAt) send(socket);
    else socket.end();
  }

  for (let index = 0; index < connections; index++) {
    await Bun.connect<Connection>({
      hostname: url.hostname,
      port: Number(url.port),
      data: { sentAt: 0, received: "" },
      socket: {
        open: send,
        data: receive,
        close() {
          if (--open === 0) done.resolve();
        },
        error: (_socket, error) => done.reject(error),
      },
    });
  }
  await done.promise;
  const kept = latencies.slice(0, Math.min(requests, LATENCIES_MAX)).sort();
  return { requests, seconds: (performance.now() - startedAt) / 1000, latenciesMs: kept, statuses };
}

/** The latency that this share of requests did not exceed. */
export function quantileMs(result: LoadResult, share: number): number {
  const { latenciesMs } = result;
  return latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * share))] ?? Number.NaN;
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
  return text.length >= headEnd + HEAD_END.length + length;
}
