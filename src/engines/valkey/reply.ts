export type Argument = string | Uint8Array;
export class ReplyError {
  readonly code: string;
  readonly message: string;
  constructor(message: string) {
    this.message = message;
    this.code = message.split(" ")[0] ?? "";
  }
}
export type Reply = string | number | Uint8Array | null | ReplyError | readonly Reply[];
