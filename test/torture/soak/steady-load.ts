// So many requests a second, whatever the server does: each is sent when it is due, on a connection that is idle then, so that a
// server which is slow for a while is asked for what it has missed. Connections are given up after some requests, and opened anew.
import { AnswerReader } from "../../../src/load/answer-reader.ts";
import { openSocket, type Target, targetOf } from "../../../src/load/open-socket.ts";
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { drawRequest, type MixedRequest } from "./request-mix.ts";

export interface SteadyLoadOptions {
  readonly url: string;
  readonly perSecond: number;
  readonly seed: number;
}

interface Connection {
  readonly reader: AnswerReader;
  request: MixedRequest | null;
  sentAt: number;
  unsent: Uint8Array | null;
  requests: number;
}

type Socket = Bun.Socket<Connection>;

const TICK_MS = 5;
const CONNECTIONS_MAX = 200;
const REQUESTS_A_CONNECTION = 500;
const LAST_ANSWERS_MS = 30_000;
const FAULTS_MAX = 20;

export class SteadyLoad {
  /** The first answers that there must not be, a sentence each. */
  readonly faults: string[] = [];
  readonly #options: SteadyLoadOptions;
  readonly #target: Target;
  readonly #host: string;
  readonly #random: SeededRandom;
  readonly #idle: Socket[] = [];
  readonly #statuses = new Map<number, number>();
  #open = 0;
  #sent = 0;
  #answered = 0;
  #longestMs = 0;
  #isStopping = false;

  constructor(options: SteadyLoadOptions) {
    this.#options = options;
    const url = new URL(options.url);
    this.#target = targetOf(url);
    this.#host = url.host;
    this.#random = makeSeededRandom(options.seed);
  }

  get answered(): number {
    return this.#answered;
  }

  /** Connections. */
  get open(): number {
    return this.#open;
  }

  /** Whether all has been sent; connections are closed from then on, of which a server learns later. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** The longest that an answer took. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** As "200: 17, 404: 4". */
  get statuses(): string {
    return [...this.#statuses]
      .toSorted(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(", ");
  }

  /** Resolves after so many seconds, and when what was under way is answered. */
  async run(seconds: number): Promise<void> {
    const startedAt = performance.now();
    const due = () => Math.min(seconds * 1000, performance.now() - startedAt) * (this.#options.perSecond / 1000);
    while (performance.now() - startedAt < seconds * 1000) {
      while (this.#sent < due() && this.#sendOne());
      await Bun.sleep(TICK_MS);
    }
    this.#isStopping = true;
    const givenUpAt = performance.now() + LAST_ANSWERS_MS;
    while (this.#open > this.#idle.length && performance.now() < givenUpAt) await Bun.sleep(TICK_MS);
    if (this.#open > this.#idle.length)
      this.#note(`${this.#open - this.#idle.length} requests had no answer in the end`);
    for (const socket of this.#idle) socket.end();
  }

  /** Whether there was a connection for it. */
  #sendOne(): boolean {
    const socket = this.#idle.pop();
    if (socket === undefined) {
      if (this.#open < CONNECTIONS_MAX) void this.#connect();
      return false;
    }
    const request = drawRequest(this.#random, this.#host, ++this.#sent);
    const { data } = socket;
    data.request = request;
    data.requests++;
    data.sentAt = performance.now();
    data.reader.begin(request.isHead);
    this.#write(socket, Buffer.from(request.text, "latin1"));
    return true;
  }

  async #connect(): Promise<void> {
    this.#open++;
    const data = { reader: new AnswerReader(), request: null, sentAt: 0, unsent: null, requests: 0 };
    try {
      const socket = await openSocket<Connection>(this.#target, data, {
        data: (to, part) => this.#receive(to, part),
        drain: (to) => this.#write(to, to.data.unsent),
        close: (to) => this.#closed(to),
      });
      this.#idle.push(socket);
    } catch (error) {
      this.#open--;
      this.#note(`A connection could not be opened: ${error}`);
    }
  }

  #write(socket: Socket, bytes: Uint8Array | null): void {
    if (bytes === null) return;
    const written = Math.max(0, socket.write(bytes));
    socket.data.unsent = written === bytes.length ? null : bytes.subarray(written);
  }

  #receive(socket: Socket, part: Buffer): void {
    const { data } = socket;
    if (data.request === null) {
      this.#note("Bytes came that nobody asked for");
      return;
    }
    if (!this.#isWhole(socket, part)) return;
    const { status, isLast } = data.reader;
    this.#answered++;
    this.#longestMs = Math.max(this.#longestMs, performance.now() - data.sentAt);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (!data.request.statuses.includes(status)) {
      this.#note(`${data.request.kind} was answered ${status}: ${data.reader.excerpt().slice(0, 300)}`);
    }
    data.request = null;
    if (!isLast && data.requests < REQUESTS_A_CONNECTION && !this.#isStopping) this.#idle.push(socket);
    else socket.end();
  }

  #isWhole(socket: Socket, part: Buffer): boolean {
    try {
      return socket.data.reader.take(part);
    } catch (error) {
      this.#note(`An answer cannot be read: ${error}`);
      socket.terminate();
      return false;
    }
  }

  #closed(socket: Socket): void {
    this.#open--;
    const place = this.#idle.indexOf(socket);
    if (place >= 0) this.#idle.splice(place, 1);
    if (socket.data.request !== null)
      this.#note(`The connection ended before the answer to ${socket.data.request.kind}`);
  }

  #note(fault: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(fault);
  }
}
