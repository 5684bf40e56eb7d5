// A closed loop: so many connections, each of which sends its next request when the answer to its last one has come whole.
// Raw sockets, prepared requests and answers that are only counted, so that on a core of its own it drives a server that
// answers 150,000 requests a second. An answer that is not as expected ends the run: figures of refusals are none.
import { AnswerReader } from "./answer-reader.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { LoadFailed, openSocket, type Target } from "./open-socket.ts";
import type { Operation, OperationKind } from "./operation.ts";

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

/** How long a server may take for an answer beyond the time of the run. */
const PATIENCE_MS = 30_000;
/** How long it may take for the last answers of a run that ends before its time. */
const LAST_ANSWERS_MS = 2000;

/** @throws LoadFailed on an answer with another status, a connection that breaks, and where the signal has aborted */
export function runLoad(load: Load): Promise<LoadResult> {
  return new Run(load).run();
}

/** Reads and writes together. */
export function allLatencies({ latencies }: LoadResult): LatencyHistogram {
  const all = new LatencyHistogram();
  all.add(latencies.read);
  all.add(latencies.write);
  return all;
}

/** The sentence of a problem document, or what else was said. */
function saidIn(excerpt: string): string {
  const detail = /"detail":("(?:[^"\\]|\\.)*")/.exec(excerpt)?.[1];
  return detail === undefined ? excerpt.trim() : JSON.parse(detail);
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
  /** Rejects as soon as the run has failed; resolves never before its end. */
  readonly #failed: Promise<never>;
  readonly #sockets = new Set<Bun.Socket<Connection>>();
  #sent = 0;
  #answered = 0;
  #receivedBytes = 0;
  #startedAt = 0;
  #endsAt = 0;
  #endedAt = 0;
  /** Why the run is no good; null as long as it is. */
  #flaw: string | null = null;
  /** Connections that have not come to their end. */
  #open = 0;

  constructor(load: Load) {
    this.#load = load;
    this.#failed = this.#done.promise.then(() => new Promise<never>(() => {}));
    // Each failure is met where the run waits.
    this.#failed.catch(() => {});
  }

  async run(): Promise<LoadResult> {
    const { connections, seconds, signal } = this.#load;
    const stop = () => this.#endEarly("Stopped before the end");
    signal.addEventListener("abort", stop);
    const patience = AbortSignal.timeout(seconds * 1000 + PATIENCE_MS);
    patience.addEventListener("abort", () => this.#fail("The server has stopped answering"));
    try {
      if (signal.aborted) stop();
      this.#open = connections;
      const sockets: Bun.Socket<Connection>[] = [];
      for (let index = 0; index < connections; index++) sockets.push(await this.#connect());
      this.#startedAt = performance.now();
      this.#endedAt = this.#startedAt;
      this.#endsAt = this.#startedAt + seconds * 1000;
      for (const socket of sockets) this.#send(socket);
      await this.#done.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      for (const socket of this.#sockets) socket.terminate();
    }
    if (this.#flaw !== null) throw new LoadFailed(this.#flaw);
    return {
      requests: this.#answered,
      seconds: (this.#endedAt - this.#startedAt) / 1000,
      receivedBytes: this.#receivedBytes,
      statuses: this.#statuses,
      latencies: this.#latencies,
    };
  }

  async #connect(): Promise<Bun.Socket<Connection>> {
    const data = { reader: new AnswerReader(), operation: null, sentAt: 0, unsent: null };
    const opening = openSocket<Connection>(this.#load.target, data, {
      data: (socket, part) => this.#receive(socket, part),
      drain: (socket) => this.#write(socket, socket.data.unsent),
      close: (socket) => this.#closed(socket),
    });
    const socket = await Promise.race([opening, this.#failed]);
    this.#sockets.add(socket);
    return socket;
  }

  #send(socket: Bun.Socket<Connection>): void {
    if (this.#sent >= this.#load.requests || this.#flaw !== null) {
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
      const said = saidIn(data.reader.excerpt());
      this.#endEarly(`A ${kind} was answered ${status}, not ${statuses.join(" or ")}${said === "" ? "" : `: ${said}`}`);
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
    try {
      this.#send(await this.#connect());
    } catch (error) {
      this.#done.reject(error);
    }
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

  /** What is under way is waited for, so that no write is made when the run is over. */
  #endEarly(why: string): void {
    if (this.#startedAt === 0) {
      this.#fail(why);
      return;
    }
    if (this.#flaw !== null) return;
    this.#flaw = why;
    this.#endsAt = 0;
    AbortSignal.timeout(LAST_ANSWERS_MS).addEventListener("abort", () => this.#fail(why));
  }

  #fail(why: string): void {
    this.#done.reject(new LoadFailed(why));
  }
}
