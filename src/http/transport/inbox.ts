// What has come on one connection and has not been taken yet. Where too much has come ahead of its time, the socket is not read
// until it has been taken: what is sent further waits in the network.
import type { WireSocket } from "./wire-socket.ts";

const NOTHING = Buffer.alloc(0);

export class Inbox {
  readonly #socket: WireSocket;
  #bytes: Buffer = NOTHING;
  #from = 0;
  #isPaused = false;

  constructor(socket: WireSocket) {
    this.#socket = socket;
  }

  /** What lies here stands in it from `from` on; nobody changes it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get from(): number {
    return this.#from;
  }

  /** Bytes that lie here. */
  get size(): number {
    return this.#bytes.length - this.#from;
  }

  add(bytes: Buffer): void {
    this.#bytes = this.size === 0 ? bytes : Buffer.concat([this.#bytes.subarray(this.#from), bytes]);
    this.#from = 0;
  }

  /** Takes what stands before `end`. Returns how many bytes that were. */
  takeTo(end: number): number {
    const taken = end - this.#from;
    this.#from = end;
    if (end === this.#bytes.length) this.clear();
    return taken;
  }

  clear(): void {
    this.#bytes = NOTHING;
    this.#from = 0;
  }

  /** Reads on while no more than this lies here. */
  readWithin(bytesMax: number): void {
    const isFull = this.size > bytesMax;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#socket.pause();
    else this.#socket.resume();
  }
}
