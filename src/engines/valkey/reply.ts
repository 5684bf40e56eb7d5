// What a Valkey server answers, and what it is asked with. An error that it answers is a value like another: it concerns one
// command of many that are on their way.

/** An error that the server answered to one command; the others of the same connection are not concerned. */
export class ReplyError {
  /** The first word, such as "MOVED". */
  readonly code: string;
  /** The whole line without its minus, such as "MOVED 3999 127.0.0.1:6381". */
  readonly message: string;

  constructor(message: string) {
    const end = message.indexOf(" ");
    this.code = end < 0 ? message : message.slice(0, end);
    this.message = message;
  }
}

/**
 * A line is a string, an integer a number, bulk the bytes as they are, both forms of nothing null. Integers beyond 2^53 are
 * the nearest number; scripts answer those as bulk.
 */
export type Reply = string | number | Uint8Array | null | ReplyError | readonly Reply[];

/** A string is sent as UTF-8, bytes as they are. */
export type Argument = string | Uint8Array;
