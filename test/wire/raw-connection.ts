// One connection to a server, over TCP, TLS or a Unix socket: sends bytes as they are given, and keeps all that comes until
// somebody looks at it.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Where a server listens. */
export type WireAddress =
  | { readonly is: "plain"; readonly port: number }
  /** @param ca - the certificate that is trusted, as PEM */
  | { readonly is: "TLS"; readonly port: number; readonly ca: string }
  | { readonly is: "Unix socket"; readonly path: string };

const LOOPBACK = "127.0.0.1";
/** For so long a server that has ended its side is sent more: it may be gone after two seconds. */
const SENT_ON_MS = 1000;

export class RawConnection {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #hasEnded = false;
  #endedAtMs = Number.POSITIVE_INFINITY;
  #error: Error | null = null;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    socket.on("end", () => this.#end(null));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(null));
  }

  static async open(address: WireAddress): Promise<RawConnection> {
    const socket = socketTo(address);
    await new Promise<void>((resolve, reject) => {
      socket.once(address.is === "TLS" ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
    });
    return new RawConnection(socket);
  }

  /** What has come since the connection was opened. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Whether the server sends no more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What has ended it, where that was no orderly end. */
  get error(): Error | null {
    return this.#error;
  }

  /** @param text - one octet a character */
  send(text: string): void {
    this.#socket.write(Buffer.from(text, "latin1"));
  }

  /**
   * Each byte in a write of its own, and in a turn of the event loop of its own, in which a server of this process reads it.
   * Where the server has ended its side a while ago, the rest is kept.
   */
  async drip(text: string): Promise<void> {
    for (const octet of text) {
      if (this.#socket.destroyed || performance.now() - this.#endedAtMs > SENT_ON_MS) return;
      this.send(octet);
      await turn();
    }
  }

  /** Sends no more. */
  end(): void {
    this.#socket.end();
  }

  /** Resolves when more has come, or the end. One may wait at a time. */
  async more(): Promise<void> {
    if (this.#hasEnded) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(error: Error | null): void {
    this.#error ??= error;
    if (!this.#hasEnded) this.#endedAtMs = performance.now();
    this.#hasEnded = true;
    this.#wake();
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function socketTo(address: WireAddress): Socket {
  const halfOpen = { allowHalfOpen: true };
  switch (address.is) {
    case "plain":
      return connect({ host: LOOPBACK, port: address.port, ...halfOpen });
    case "TLS":
      return connectTls({ host: LOOPBACK, port: address.port, ca: address.ca, servername: "localhost", ...halfOpen });
    case "Unix socket":
      return connect({ path: address.path, ...halfOpen });
    default:
      return address satisfies never;
  }
}
