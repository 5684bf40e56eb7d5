// What a handler sees of a request, and what it answers. Only a transport (transport/, bun/) knows sockets and the runtime's
// own classes, so it can be exchanged without touching a handler, and tests need no sockets.

import type { Stamp } from "../store/write-marks.ts";

export interface Incoming {
  readonly method: string;
  /** Path and query as sent, percent-encoded; Bun's own transport has resolved `.` and `..` segments. */
  readonly target: string;
  /** "http://127.0.0.1:3000", from the Host field, for links that people copy; null where that names no origin. */
  readonly origin: string | null;
  /** IP address of the peer, where the transport knows it. */
  readonly remoteAddress: string | null;
  /** Whether it came by a Unix socket, which no web page reaches and whose directory says who may. */
  readonly isLocal: boolean;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /**
   * Says that the answer may be long in coming, or in parts that are: the connection is not taken for idle while a part is
   * waited for. One that the client does not take is still waited for no longer than on any connection.
   */
  keepOpen(): void;
  /** Whether that has been said. */
  readonly isKeptOpen: boolean;
  /** Bytes of the body that have been read. */
  readonly receivedBytes: number;
  /** The field's value, or null; names are compared without case. Fields given twice come joined by ", ". */
  header(name: string): string | null;
  /**
   * Reads the body; null, with the rest left unread, as soon as it is known to be longer than `maxBytes`.
   *
   * @throws "busy" when too many bodies are in memory; "invalid-request" when the client stops before the end
   */
  body(maxBytes: number): Promise<Uint8Array | null>;
}

export type ReplyHeaders = Readonly<Record<string, string>>;

export interface Reply {
  readonly status: number;
  /** Named as FIELD spells them. Content-Length, Date and framing are the transport's. */
  readonly headers: ReplyHeaders;
  /** Parts of a text are pulled as the client takes them; an error while they are pulled cuts the connection. */
  readonly body: Uint8Array | string | AsyncIterable<string | Uint8Array> | null;
  /** By what to know, later, that this is still the answer; nothing where it depends on more than one entry. */
  readonly stands?: Stamp;
}

/** Whether a body comes in parts. */
export function isStreamed(body: Reply["body"]): body is AsyncIterable<string | Uint8Array> {
  return body !== null && typeof body === "object" && !(body instanceof Uint8Array);
}

/** Names of fields, as FIELD spells them, that are asked for together. */
export type FieldNames = readonly string[];

/** A request as far as it is looked at for an answer that is known. */
export interface RecalledRequest extends Pick<Incoming, "method" | "target" | "origin" | "isLocal" | "header"> {
  /** Whether any of these fields is there. May be true of a request that has none of them, rarely. */
  mayHave(names: FieldNames): boolean;
}

/**
 * An answer as it goes on the wire, behind the first lines, which are the transport's: fields that it shares with others, then
 * what lies from `from` to `to`. To be sent at once: the bytes are soon another answer's.
 */
export interface Prepared {
  readonly status: number;
  /** One of few. */
  readonly common: Uint8Array;
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** What answers the requests of a transport. */
export interface RequestHandler {
  /**
   * Answers a request, at once where nothing has to be waited for. Throws nothing.
   *
   * @param requireRoom - asked whether an answer can be sent; what it throws is answered instead
   */
  handle(incoming: Incoming, requireRoom?: (reply: Reply) => void): Reply | Promise<Reply>;
  /** The answer to a request without a body, where it is known already; null where handle() has to make it. Throws nothing. */
  recall(request: RecalledRequest): Prepared | null;
  /** The answer to a request that is not handled, for what the transport found. */
  refuse(error: unknown, incoming: Incoming): Reply;
}
