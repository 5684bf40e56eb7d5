// A request as handlers see it (exchange.ts), over the connection that it came by.
import type { FieldNames, Incoming, RecalledRequest } from "../exchange.ts";
import type { Fields } from "./fields.ts";
import type { Message } from "./message.ts";
import type { Origins } from "./origins.ts";
import type { RequestBody } from "./request-body.ts";

/** What a request asks of its connection. */
export interface RequestConnection {
  readonly remoteAddress: string | null;
  readonly isLocal: boolean;
  readonly origins: Origins;
  /** The answer may be long in coming: a client that sends no more is then taken to have gone. */
  keepOpen(): void;
}

export interface WireRequest {
  readonly message: Message;
  readonly fields: Fields;
  readonly body: RequestBody;
}

export class WireIncoming implements Incoming, RecalledRequest {
  readonly method: string;
  readonly target: string;
  readonly #request: WireRequest;
  readonly #connection: RequestConnection;
  #isKeptOpen = false;
  #hasLeft = false;
  #controller: AbortController | null = null;

  constructor(request: WireRequest, connection: RequestConnection) {
    this.method = request.message.method;
    this.target = request.message.target;
    this.#request = request;
    this.#connection = connection;
  }

  get origin(): string | null {
    return this.#connection.origins.of(this.#request.message.host);
  }

  get remoteAddress(): string | null {
    return this.#connection.remoteAddress;
  }

  get isLocal(): boolean {
    return this.#connection.isLocal;
  }

  /** Made when it is asked for: most requests are answered before their client could leave. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#hasLeft) this.#controller.abort();
    return this.#controller.signal;
  }

  get isKeptOpen(): boolean {
    return this.#isKeptOpen;
  }

  get receivedBytes(): number {
    return this.#request.body.receivedBytes;
  }

  keepOpen(): void {
    this.#isKeptOpen = true;
    this.#connection.keepOpen();
  }

  body(maxBytes: number): Promise<Uint8Array | null> {
    return this.#request.body.read(maxBytes);
  }

  header(name: string): string | null {
    return this.#request.fields.get(name);
  }

  mayHave(names: FieldNames): boolean {
    return this.#request.fields.mayHave(names);
  }

  /** The client has gone. */
  leave(): void {
    this.#hasLeft = true;
    this.#controller?.abort();
  }
}

/** What came in place of a request: for the answer that says so, and for what is counted and logged of it. */
export class UnreadIncoming implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly origin = null;
  readonly isKeptOpen = false;
  readonly receivedBytes = 0;
  readonly #connection: RequestConnection;

  /** @param begun - what could be read of it; "" for what could not */
  constructor({ method, target }: { readonly method: string; readonly target: string }, connection: RequestConnection) {
    this.method = method;
    this.target = target;
    this.#connection = connection;
  }

  get remoteAddress(): string | null {
    return this.#connection.remoteAddress;
  }

  get isLocal(): boolean {
    return this.#connection.isLocal;
  }

  get signal(): AbortSignal {
    return new AbortController().signal;
  }

  keepOpen(): void {}

  header(): null {
    return null;
  }

  body(): Promise<null> {
    return Promise.resolve(null);
  }
}
