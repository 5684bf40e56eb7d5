// One kept connection for one request after another, whose bodies may be any bytes: it reads lengths and chunks, and opens anew where
// the server has closed. test/support/kept-connection.ts is for loads of small requests; this one reads every answer whole.
import { connect, type Socket } from "node:net";
import type { Answer, Ask } from "./messages.ts";

/** No answer in this time is a fault. */
const PATIENCE_MS = 60_000;
const END_OF_HEAD = "\r\n\r\n";

interface Waiting {
  readonly isHead: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Connection {
  readonly #url: URL;
  #socket: Socket | null = null;
  #received = "";
  #waiting: Waiting | null = null;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** @throws Error where the connection ends before the answer is whole, or none comes */
  async send(ask: Ask): Promise<Answer> {
    this.#socket ??= await this.#open();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting = { isHead: ask.method === "HEAD", resolve, reject };
    const patience = setTimeout(() => this.#fail(`no answer in ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    this.#socket.write(this.#render(ask), "latin1");
    const answer = await promise.finally(() => clearTimeout(patience));
    if (answer.fields.get("connection") === "close") this.close();
    return answer;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#received = "";
  }

  async #open(): Promise<Socket> {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
    socket.setEncoding("latin1");
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.on("error", () => {});
    socket.on("data", (text: string) => this.#take(socket, text));
    socket.on("close", () => {
      if (socket === this.#socket) this.#fail("the connection ended before the answer was whole");
    });
    return socket;
  }

  #render({ method, target, fields, body }: Ask): string {
    const lines = [`${method} ${target} HTTP/1.1`, `Host: ${this.#url.host}`];
    if (body !== null) lines.push(`Content-Length: ${body.length}`);
    for (const [name, value] of fields) lines.push(`${name}: ${value}`);
    return `${lines.join("\r\n")}${END_OF_HEAD}${body ?? ""}`;
  }

  #take(socket: Socket, text: string): void {
    if (socket !== this.#socket) return;
    this.#received += text;
    const waiting = this.#waiting;
    if (waiting === null) return;
    const answer = readAnswer(this.#received, waiting.isHead);
    if (answer === null) return;
    if (answer === "too long") {
      this.#fail("more came than the answer has");
      return;
    }
    this.#received = "";
    this.#waiting = null;
    waiting.resolve(answer);
  }

  #fail(why: string): void {
    const begun = this.#received.slice(0, 200);
    const waiting = this.#waiting;
    this.#waiting = null;
    this.close();
    waiting?.reject(new Error(`${why}${begun === "" ? "" : `; it began ${JSON.stringify(begun)}`}`));
  }
}

/** Null as long as it is not whole. */
function readAnswer(received: string, isHead: boolean): Answer | "too long" | null {
  const headEnd = received.indexOf(END_OF_HEAD);
  if (headEnd < 0) return null;
  const [statusLine = "", ...lines] = received.slice(0, headEnd).split("\r\n");
  const status = Number(statusLine.slice(9, 12));
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const rest = received.slice(headEnd + END_OF_HEAD.length);
  if (isHead || status === 204 || status === 304) return rest === "" ? { status, fields, body: "" } : "too long";
  if (fields.get("transfer-encoding") !== undefined) {
    const body = readChunks(rest);
    return body === null ? null : { status, fields, body };
  }
  const length = Number(fields.get("content-length") ?? 0);
  if (rest.length > length) return "too long";
  return rest.length < length ? null : { status, fields, body: rest };
}

/** Null where the last chunk has not come. */
function readChunks(rest: string): string | null {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (rest.length < end + 2) return null;
    if (size === 0) return body;
    body += rest.slice(lineEnd + 2, end);
    at = end + 2;
  }
}
