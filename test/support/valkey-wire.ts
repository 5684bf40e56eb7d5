// A plain connection to a Valkey server for tests: what a test does beside the program under test, and sees of the server
// without its eyes. It keeps texts as latin1, one character a byte, and is neither fast nor bounded.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** How one gets in. `tls` trusts every certificate: that certificates are checked is for the program under test. */
export interface WireAccess {
  readonly user: string | null;
  readonly password: string | null;
  readonly tls: boolean;
}

/** A text in latin1, whether it came as a line or in bulk; an error of the server is thrown. */
export type WireReply = string | number | null | readonly WireReply[];

export const OPEN_ACCESS: WireAccess = { user: null, password: null, tls: false };

/** What the server answered with a minus; the message is the whole line. */
export class WireError extends Error {}

interface Waiting {
  readonly resolve: (reply: WireReply) => void;
  readonly reject: (error: Error) => void;
}

/** A server that says nothing for so long is given up; tests that stop one ask another. */
const SILENCE_MS = 5000;

export class ValkeyWire {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #received = "";
  #lost: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", (error) => this.#lose(error));
    socket.on("close", () => this.#lose(new Error("The server closed the connection")));
    socket.setTimeout(SILENCE_MS, () => {
      if (this.#waiting.length > 0) socket.destroy(new Error(`The server said nothing for ${SILENCE_MS} ms`));
    });
  }

  /** @throws Error when there is no server, or it wants another password */
  static async open({ host, port }: ServerAddress, access: WireAccess = OPEN_ACCESS): Promise<ValkeyWire> {
    const wire = new ValkeyWire(
      access.tls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port }),
    );
    if (access.password === null) return wire;
    await wire.ask("AUTH", ...(access.user === null ? [] : [access.user]), access.password);
    return wire;
  }

  /** One command; several may be on their way. @throws WireError with the server's error, Error when it is lost */
  ask(...args: readonly string[]): Promise<WireReply> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    const { promise, resolve, reject } = Promise.withResolvers<WireReply>();
    this.#waiting.push({ resolve, reject });
    const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
    this.#socket.write(Buffer.from(`*${args.length}\r\n${parts.join("")}`, "latin1"));
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#received += chunk;
    for (let waiting = this.#waiting[0]; waiting !== undefined; waiting = this.#waiting[0]) {
      const parsed = parse(this.#received, 0);
      if (parsed === null) return;
      this.#received = this.#received.slice(parsed.end);
      this.#waiting.shift();
      if (parsed.reply instanceof WireError) waiting.reject(parsed.reply);
      else waiting.resolve(parsed.reply);
    }
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }
}

/** Asks one command over a connection of its own. */
export async function askOnce(address: ServerAddress, access: WireAccess, args: readonly string[]): Promise<WireReply> {
  const wire = await ValkeyWire.open(address, access);
  try {
    return await wire.ask(...args);
  } finally {
    wire.close();
  }
}

/** The reply that begins at `start`, and where it ends; null while it is not whole. */
function parse(text: string, start: number): { readonly reply: WireReply | WireError; readonly end: number } | null {
  const lineEnd = text.indexOf("\r\n", start);
  if (lineEnd < 0) return null;
  const line = text.slice(start + 1, lineEnd);
  const bodyStart = lineEnd + 2;
  switch (text[start]) {
    case "+":
      return { reply: line, end: bodyStart };
    case "-":
      return { reply: new WireError(line), end: bodyStart };
    case ":":
      return { reply: Number(line), end: bodyStart };
    case "$": {
      if (line === "-1") return { reply: null, end: bodyStart };
      const end = bodyStart + Number(line);
      return text.length < end + 2 ? null : { reply: text.slice(bodyStart, end), end: end + 2 };
    }
    case "*":
      return line === "-1" ? { reply: null, end: bodyStart } : parseItems(text, bodyStart, Number(line));
    default:
      throw new Error(`A reply begins with ${JSON.stringify(text[start])}`);
  }
}

function parseItems(text: string, start: number, count: number) {
  const items: WireReply[] = [];
  let end = start;
  for (let index = 0; index < count; index++) {
    const item = parse(text, end);
    if (item === null) return null;
    items.push(item.reply instanceof WireError ? item.reply.message : item.reply);
    end = item.end;
  }
  return { reply: items, end };
}
