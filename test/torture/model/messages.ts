// Requests and answers as the model sees them. Bodies are strings with one character a byte.

export interface Ask {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** In their order; Host and Content-Length are the connection's. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Null for a request without one. */
  readonly body: string | null;
}

export interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** When a request was sent, and when its answer was whole: what the server did lies between. Unix milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Text to a character a byte. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** Null where the bytes are no UTF-8. */
export function textOf(bytes: string): string | null {
  const buffer = Buffer.from(bytes, "latin1");
  const text = buffer.toString("utf8");
  return Buffer.from(text).equals(buffer) ? text : null;
}

/** Of the last field of that name; null where there is none. */
export function fieldOf({ fields }: Ask, name: string): string | null {
  return fields.findLast(([each]) => each.toLowerCase() === name)?.[1] ?? null;
}
