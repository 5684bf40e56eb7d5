// A socket of Bun.listen as connections see it.
import type { Connection } from "./connection.ts";
import type { WireSocket } from "./wire-socket.ts";

/** What a socket carries with it: its connection, once it is open. */
export interface SocketData {
  connection: Connection | null;
}

export class BunSocket implements WireSocket {
  readonly #socket: Bun.Socket<SocketData>;
  #remoteAddress: string | null | undefined;

  constructor(socket: Bun.Socket<SocketData>) {
    this.#socket = socket;
  }

  get remoteAddress(): string | null {
    if (this.#remoteAddress === undefined) this.#remoteAddress = this.#socket.remoteAddress || null;
    return this.#remoteAddress;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    return this.#socket.write(bytes, offset, length);
  }

  shutdown(): void {
    this.#socket.shutdown();
  }

  close(): void {
    this.#socket.end();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
