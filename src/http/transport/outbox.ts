// What is to be sent on one connection, in order: handed to the system at once, and what that does not take is kept here until
// it does. Who fills it looks at `unsentBytes` and waits, so that it holds no more than one answer, or one slice of a stream.
import type { Pace } from "./pace.ts";
import type { WireSocket } from "./wire-socket.ts";

export class Outbox {
  readonly #socket: WireSocket;
  readonly #pace: Pace;
  readonly #steadyMs: () => number;
  /** Only bytes that nobody changes. */
  #queue: Uint8Array[] = [];
  /** Of the first of them, already sent. */
  #offset = 0;
  #unsentBytes = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(socket: WireSocket, pace: Pace, steadyMs: () => number) {
    this.#socket = socket;
    this.#pace = pace;
    this.#steadyMs = steadyMs;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Sends bytes that are the caller's again when it returns. */
  sendCopy(bytes: Uint8Array, length: number): void {
    const taken = this.#unsentBytes > 0 ? 0 : Math.max(0, this.#socket.write(bytes, 0, length));
    // A copy that is one: slice() of a Buffer shows the same memory, which holds somebody else's answer by the time it is sent.
    if (taken < length) this.#keep(new Uint8Array(bytes.subarray(taken, length)));
  }

  /** Sends bytes that nobody changes any more. */
  send(bytes: Uint8Array): void {
    const taken = this.#unsentBytes > 0 ? 0 : Math.max(0, this.#socket.write(bytes, 0, bytes.length));
    if (taken < bytes.length) this.#keep(taken === 0 ? bytes : bytes.subarray(taken));
  }

  /** The system takes more again. */
  drained(): void {
    const before = this.#unsentBytes;
    while (this.#unsentBytes > 0) {
      const [first] = this.#queue;
      if (first === undefined) break;
      const left = first.length - this.#offset;
      const taken = Math.max(0, this.#socket.write(first, this.#offset, left));
      this.#unsentBytes -= taken;
      this.#offset += taken;
      if (taken < left) break;
      this.#queue.shift();
      this.#offset = 0;
    }
    if (before === 0) return;
    this.#pace.moved(before - this.#unsentBytes, this.#steadyMs());
    if (this.#unsentBytes === 0) this.#tellEmpty();
  }

  /** Forgets what was to be sent, as there is nobody to take it. */
  clear(): void {
    this.#queue = [];
    this.#offset = 0;
    this.#unsentBytes = 0;
    this.#tellEmpty();
  }

  /** Calls back once all has been taken, or forgotten; at once where nothing waits. One may wait at a time. */
  whenEmpty(run: () => void): void {
    if (this.#unsentBytes === 0) run();
    else this.#whenEmpty = run;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#unsentBytes === 0) this.#pace.start(this.#steadyMs());
    this.#queue.push(bytes);
    this.#unsentBytes += bytes.length;
  }

  #tellEmpty(): void {
    const run = this.#whenEmpty;
    this.#whenEmpty = null;
    run?.();
  }
}
