// One HTTP/1.1 connection that is kept for many requests, one at a time and no pipelining: what a load of many small requests
// needs. It reads answers with a Content-Length, or without a body, and nothing else; socket-client.ts reads the rest.
import { connect, type Socket } from "node:net";

export interface KeptAnswer {
  readonly status: number;
  /** The status line and the fields, as they came. */
  readonly head: string;
  readonly body: string;
}

/** The connection ended before the answer was whole. */
export class LostConnection extends Error {
  /** When the system had taken the whole request, on the clock of performance.now(); null where it had not. */
  readonly sentAtMs: number | null;
  /** What had come of the answer. */
  readonly begun: string;

  constructor(sentAtMs: number | null, begun: string) {
    super("The connection ended before the answer");
    this.sentAtMs = sentAtMs;
    this.begun = begun;
  }
}

interface Waiting {
  readonly resolve: (answer: KeptAnswer) => void;
  readonly reject: (error: Error) => void;
  /** Whether HEAD was asked, whose answers have the length of a body that does not come. */
  readonly isHead: boolean;
  sentAtMs: number | null;
}

const END_OF_HEAD = "\r\n\r\n";

export class KeptConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #received = "";
  #waiting: Waiting | null = null;
  #hasEnded = false;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
  }

  static async open(url: string): Promise<KeptConnection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new KeptConnection(socket, host);
  }

  /** The whole request as it goes on the wire, to be sent as often as wanted. @param body - of ASCII */
  render(line: string, fields: Readonly<Record<string, string>>, body: string): string {
    const all = Object.entries({ Host: this.#host, "Content-Length": String(body.length), ...fields });
    const head = [`${line} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)].join("\r\n");
    return head + END_OF_HEAD + body;
  }

  /** Requires: the answer to the last one has come. @throws LostConnection when it ends before the answer is whole */
  send(rendered: string): Promise<KeptAnswer> {
    if (this.#hasEnded) return Promise.reject(new LostConnection(null, ""));
    const { promise, resolve, reject } = Promise.withResolvers<KeptAnswer>();
    const waiting: Waiting = { resolve, reject, isHead: rendered.startsWith("HEAD "), sentAtMs: null };
    this.#waiting = waiting;
    this.#socket.write(rendered, () => {
      waiting.sentAtMs = performance.now();
    });
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(END_OF_HEAD);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const isBare = this.#waiting?.isHead === true;
    const length = isBare ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const start = headEnd + END_OF_HEAD.length;
    if (this.#received.length < start + length) return;
    const body = this.#received.slice(start, start + length);
    const answer = { status: Number(head.slice(9, 12)), head, body };
    this.#received = this.#received.slice(start + length);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(answer);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#waiting?.reject(new LostConnection(this.#waiting.sentAtMs, this.#received));
    this.#waiting = null;
  }
}
