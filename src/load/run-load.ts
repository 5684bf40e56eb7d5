// A closed loop: so many connections, each of which sends its next request when the answer to its last one has come whole.
// Raw sockets, prepared requests and answers that are only counted, so that on a core of its own it drives a server that
// answers 150,000 requests a second. An answer that is not as expected ends the run: figures of refusals are none.
import { AnswerReader } from "./answer-reader.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { Operation, OperationKind } from "./operation.ts";

export interface Target {
  readonly hostname: string;
  readonly port: number;
  /** Whether to speak TLS, with a certificate that the system's authorities vouch for. */
  readonly isTls: boolean;
}

export interface Load {
  readonly target: Target;
  readonly connections: number;
  /** The run ends when this time has passed or so many were answered, whichever comes first. */
  readonly seconds: number;
  readonly requests: number;
  /** The next request, of whatever connection; prepared. */
  readonly next: () => Operation;
  /** Ends the run before its time. */
  readonly signal: AbortSignal;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Bytes of answers, heads and all. */
  readonly receivedBytes: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly latencies: Readonly<Record<OperationKind, LatencyHistogram>>;
}

/** The load could not be run to its end; the message says why. */
export class LoadFailed extends Error {}

/** How long a server may take for an answer beyond the time of the run. */
const PATIENCE_MS = 30_000;

/** @throws LoadFailed on an answer with another status, a connection that breaks, and where the signal has aborted */
export function runLoad(load: Load): Promise<LoadResult> {
  return new Run(load).run();
}

export function targetOf({ hostname, port, protocol }: URL): Target {
  const isTls = protocol === "https:";
  const known = port === "" ? (isTls ? 443 : 80) : Number(port);
  return { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: known, isTls };
}

/** Reads and writes together. */
export function allLatencies({ latencies }: LoadResult): LatencyHistogram {
  const all = new LatencyHistogram();
  all.add(latencies.read);
  all.add(latencies.write);
  return all;
}

interface Connection {
  readonly reader: AnswerReader;
  /** What is under way; null between two. */
  operation: Operation | null;
  sentAt: number;
  /** What the socket has not taken. */
  unsent: Uint8Array | null;
}

class Run {
  readonly #load: Load;
  readonly #statuses = new Map<number, number>();
  readonly #latencies = { read: new LatencyHistogram(), write: new LatencyHistogram() };
  readonly #done = Promise.withResolvers<void>();
  readonly #sockets = new Set<Bun.Socket<Connection>>();
  #sent = 0;
  #answered = 0;
  #receivedBytes = 0;
  #startedAt = 0;
  #endsAt = 0;
  #endedAt = 0;
  /** Connections that have not come to their end. */
  #open = 0;

  constructor(load: Load) {
    this.#load = load;
  }

  async run(): Promise<LoadResult> {
    const { connections, seconds, signal } = this.#load;
    const patience = AbortSignal.timeout(seconds * 1000 + PATIENCE_MS);
    const stop = () => this.#fail(signal.aborted ? "Stopped before the end" : "The server has stopped answering");
    signal.addEventListener("abort", stop);
    patience.addEventListener("abort", stop);
    try {
      if (signal.aborted) stop();
      this.#open = connections;
      this.#done.promise.catch(() => {});
      const sockets: Bun.Socket<Connection>[] = [];
      for (let index = 0; index < connections; index++) sockets.push(await this.#connect());
      this.#startedAt = performance.now();
      this.#endedAt = this.#startedAt;
      this.#endsAt = this.#startedAt + seconds * 1000;
      for (const socket of sockets) this.#send(socket);
      await this.#done.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      patience.removeEventListener("abort", stop);
      for (const socket of this.#sockets) socket.terminate();
    }
    return {
      requests: this.#answered,
      seconds: (this.#endedAt - this.#startedAt) / 1000,
      receivedBytes: this.#receivedBytes,
      statuses: this.#statuses,
      latencies: this.#latencies,
    };
  }

  #connect(): Promise<Bun.Socket<Connection>> {
    const { hostname, port, isTls } = this.#load.target;
    const ready = Promise.withResolvers<Bun.Socket<Connection>>();
    this.#done.promise.catch((error) => ready.reject(error));
    const unreachable = (why: string) => this.#fail(`Cannot reach ${hostname}:${port}: ${why}`);
    Bun.connect<Connection>({
      hostname,
      port,
      tls: isTls && { serverName: hostname, rejectUnauthorized: true },
      data: { reader: new AnswerReader(), operation: null, sentAt: 0, unsent: null },
      socket: {
        open: (socket) => {
          this.#sockets.add(socket);
          socket.setNoDelay(true);
          if (!isTls) ready.resolve(socket);
        },
        handshake: (socket, isGood, error) => {
          if (isGood && error === null) ready.resolve(socket);
          else unreachable(error?.message ?? "the TLS handshake failed");
        },
        data: (socket, part) => this.#receive(socket, part),
        drain: (socket) => this.#write(socket, socket.data.unsent),
        close: (socket) => this.#closed(socket),
        error: (_socket, error) => this.#fail(`The connection broke: ${error.message}`),
        connectError: (_socket, error) => unreachable(error.message),
      },
    }).catch((error: unknown) => unreachable(error instanceof Error ? error.message : String(error)));
    return ready.promise;
  }

  #send(socket: Bun.Socket<Connection>): void {
    if (this.#sent >= this.#load.requests) {
      this.#finish(socket);
      return;
    }
    this.#sent++;
    const operation = this.#load.next();
    const { data } = socket;
    data.operation = operation;
    data.reader.begin(operation.isHead);
    data.sentAt = performance.now();
    this.#write(socket, operation.bytes);
  }

  #write(socket: Bun.Socket<Connection>, bytes: Uint8Array | null): void {
    if (bytes === null) return;
    const written = Math.max(0, socket.write(bytes));
    // What is left is copied: the operation's memory is another's next request by then.
    socket.data.unsent = written === bytes.length ? null : new Uint8Array(bytes.subarray(written));
  }

  #receive(socket: Bun.Socket<Connection>, part: Buffer): void {
    const { data } = socket;
    this.#receivedBytes += part.length;
    if (data.operation === null || !this.#isWhole(data.reader, part)) return;
    const { kind, statuses } = data.operation;
    const { status, isLast } = data.reader;
    const now = performance.now();
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (!statuses.includes(status)) {
      const said = JSON.stringify(data.reader.excerpt());
      this.#fail(`A ${kind} was answered ${status}, not ${statuses.join(" or ")}: ${said}`);
      return;
    }
    this.#latencies[kind].record(now - data.sentAt);
    this.#answered++;
    this.#endedAt = now;
    data.operation = null;
    if (now >= this.#endsAt) this.#finish(socket);
    else if (isLast) void this.#replace(socket);
    else this.#send(socket);
  }

  /** Whether the answer is, with these bytes. */
  #isWhole(reader: AnswerReader, part: Buffer): boolean {
    try {
      return reader.take(part);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** The server takes a connection for so many requests and no more. */
  async #replace(socket: Bun.Socket<Connection>): Promise<void> {
    this.#sockets.delete(socket);
    socket.end();
    const fresh = await this.#connect().catch(() => null);
    if (fresh !== null) this.#send(fresh);
  }

  #finish(socket: Bun.Socket<Connection>): void {
    this.#sockets.delete(socket);
    socket.end();
    if (--this.#open === 0) this.#done.resolve();
  }

  #closed(socket: Bun.Socket<Connection>): void {
    if (!this.#sockets.delete(socket)) return;
    this.#fail("The server closed a connection before its answer was whole");
  }

  #fail(why: string): void {
    this.#done.reject(new LoadFailed(why));
  }
}
