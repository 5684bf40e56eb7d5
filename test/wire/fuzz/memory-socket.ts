// The client's end of a connection, in memory: takes what the server sends, a window at a time, and notes what the server does
// with its socket.
import type { WireSocket } from "../../../src/http/transport/wire-socket.ts";

export class MemorySocket implements WireSocket {
  readonly remoteAddress = "192.0.2.1";
  isPaused = false;
  /** Whether the server sends no more. */
  isShut = false;
  /** Whether the server has let go of it. */
  isClosed = false;
  /** Whether the server has cut it. */
  isCut = false;
  /** Times that the server has done something with it. */
  calls = 0;
  /** What the server did that it must not. */
  fault: string | null = null;
  readonly #windowBytes: number;
  #room: number;
  #parts: Buffer[] = [];

  /** @param windowBytes - taken at once; more once the server has been told that there is room */
  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#room = windowBytes;
  }

  /** Octets that the server has sent. */
  get sent(): string {
    const whole = Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole.toString("latin1");
  }

  get isFull(): boolean {
    return this.#room === 0;
  }

  /** There is room again. */
  empty(): void {
    this.#room = this.#windowBytes;
  }

  /** The client is gone. */
  leave(): void {
    this.isShut = true;
    this.isClosed = true;
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    this.calls++;
    if (this.isShut && !this.isClosed) this.fault ??= "it wrote behind its end";
    if (this.isClosed) return 0;
    if (offset + length > bytes.length) this.fault ??= "it wrote more than it has";
    const taken = Math.min(length, this.#room);
    this.#room -= taken;
    // A copy, as the system takes one: what the server does with its bytes later must not show.
    this.#parts.push(Buffer.from(bytes.slice(offset, offset + taken)));
    return taken;
  }

  shutdown(): void {
    this.calls++;
    this.isShut = true;
  }

  close(): void {
    this.calls++;
    this.isShut = true;
    this.isClosed = true;
  }

  terminate(): void {
    this.calls++;
    this.isShut = true;
    this.isClosed = true;
    this.isCut = true;
  }

  pause(): void {
    this.calls++;
    this.isPaused = true;
  }

  resume(): void {
    this.calls++;
    this.isPaused = false;
  }
}
