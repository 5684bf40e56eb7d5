// A request whose body passes by somebody on its way to the handler.
import type { Incoming } from "./exchange.ts";

type Tap = (body: Uint8Array | null) => Promise<void> | null;

export class TappedIncoming implements Incoming {
  readonly #incoming: Incoming;
  readonly #tap: Tap;

  /** @param tap - shown what body() is about to answer, and waited for; what it throws is answered instead */
  constructor(incoming: Incoming, tap: Tap) {
    this.#incoming = incoming;
    this.#tap = tap;
  }

  get method(): string {
    return this.#incoming.method;
  }

  get target(): string {
    return this.#incoming.target;
  }

  get origin(): string | null {
    return this.#incoming.origin;
  }

  get remoteAddress(): string | null {
    return this.#incoming.remoteAddress;
  }

  get isLocal(): boolean {
    return this.#incoming.isLocal;
  }

  get isKeptOpen(): boolean {
    return this.#incoming.isKeptOpen;
  }

  get receivedBytes(): number {
    return this.#incoming.receivedBytes;
  }

  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  keepOpen(): void {
    this.#incoming.keepOpen();
  }

  header(name: string): string | null {
    return this.#incoming.header(name);
  }

  async body(maxBytes: number): Promise<Uint8Array | null> {
    const body = await this.#incoming.body(maxBytes);
    const waiting = this.#tap(body);
    if (waiting !== null) await waiting;
    return body;
  }
}
