// A request of Bun.serve as handlers see it (exchange.ts): what Bun leaves unbounded, bodies in memory, is bounded here.
import { KeyholdError } from "../../core/errors.ts";
import { FIELD } from "../../wire/headers.ts";
import type { BodyBudget } from "../body-budget.ts";
import type { Incoming } from "../exchange.ts";
import type { AnsweredRequest } from "./responses.ts";

/** What a request's connection is asked and told. */
export interface Connection {
  readonly isLocal: boolean;
  remoteAddress(): string | null;
  /** Closes it when nothing moves on it for this long from now on; never where that is 0. */
  setIdleSeconds(seconds: number): void;
  readonly idleSeconds: number;
}

/** Bun finds a field faster by its name in lower case, and every GET asks for five. */
const LOOKUP_NAMES: ReadonlyMap<string, string> = new Map(
  Object.values(FIELD).map((name) => [name, name.toLowerCase()]),
);

export class BunIncoming implements Incoming, AnsweredRequest {
  readonly method: string;
  readonly target: string;
  readonly origin: string | null;
  readonly #request: Request;
  readonly #budget: BodyBudget;
  readonly #connection: Connection;
  #isKeptOpen = false;
  #reservedBytes = 0;
  #isBodyLeft = false;

  constructor(request: Request, budget: BodyBudget, connection: Connection) {
    const { url } = request;
    // Where the Host field is no host, Bun gives the path alone.
    const originEnd = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + "://".length);
    this.method = request.method;
    this.origin = originEnd === 0 ? null : url.slice(0, originEnd);
    this.target = originEnd === 0 ? url : url.slice(originEnd);
    this.#request = request;
    this.#budget = budget;
    this.#connection = connection;
  }

  get remoteAddress(): string | null {
    return this.#connection.remoteAddress();
  }

  get isLocal(): boolean {
    return this.#connection.isLocal;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get isKeptOpen(): boolean {
    return this.#isKeptOpen;
  }

  get receivedBytes(): number {
    return this.#reservedBytes;
  }

  keepOpen(): void {
    this.#isKeptOpen = true;
    this.expectSilence();
  }

  /** While it is the server that is waited for. */
  expectSilence(): void {
    if (this.#isKeptOpen) this.#connection.setIdleSeconds(0);
  }

  /** While it is the client that is waited for, which must take what it is sent. */
  expectTaking(): void {
    if (this.#isKeptOpen) this.#connection.setIdleSeconds(this.#connection.idleSeconds);
  }

  /** Whether the client may still be sending what nobody reads. */
  get isBodyLeft(): boolean {
    return this.#isBodyLeft;
  }

  header(name: string): string | null {
    return this.#request.headers.get(LOOKUP_NAMES.get(name) ?? name);
  }

  async body(maxBytes: number): Promise<Uint8Array | null> {
    const declared = this.header(FIELD.contentLength);
    try {
      const body =
        declared === null ? await this.#readChunks(maxBytes) : await this.#readWhole(Number(declared), maxBytes);
      this.#isBodyLeft = body === null;
      return body;
    } catch (error) {
      this.#isBodyLeft = true;
      if (error instanceof KeyholdError) throw error;
      throw new KeyholdError(
        "invalid-request",
        "The body ended before its length; nothing was written",
        {},
        { cause: error },
      );
    }
  }

  /** Gives back what the body took from the budget. */
  release(): void {
    this.#budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }

  async #readWhole(length: number, maxBytes: number): Promise<Uint8Array | null> {
    if (length > maxBytes) return null;
    this.#reserve(length);
    return this.#request.bytes();
  }

  async #readChunks(maxBytes: number): Promise<Uint8Array | null> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#request.body ?? []) {
      length += chunk.length;
      if (length > maxBytes) return null;
      this.#reserve(chunk.length);
      chunks.push(chunk);
    }
    return concatenate(chunks, length);
  }

  #reserve(bytes: number): void {
    this.#budget.reserve(bytes, this.#reservedBytes);
    this.#reservedBytes += bytes;
  }
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
