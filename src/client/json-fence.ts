// Sees to it that what is sent as one JSON value is one. It travels inside an object, `{"key": {"$json": …}}`, so that a text such
// as `1, "b": 2` would be read as further members of that object, and stored as something that nobody has written.
import { KeyholdError } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** @throws KeyholdError "invalid-json" */
export function requireJson(value: string | Uint8Array): void {
  try {
    JSON.parse(typeof value === "string" ? value : decoder.decode(value));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeyholdError("invalid-json", `Cannot store the value as JSON: ${why}`, { cause });
  }
}

/** For a stream, which is not held as a whole: passes on what stays within one value. Whether that is JSON the server judges. */
export class JsonFence {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  /** @throws KeyholdError "invalid-json" where a part goes on behind the value */
  check(part: Uint8Array): void {
    for (const byte of part) {
      if (this.#isInText) this.#passText(byte);
      else this.#pass(byte);
    }
  }

  #passText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isInText = false;
  }

  #pass(byte: number): void {
    if (byte === QUOTE) this.#isInText = true;
    else if (OPENING.has(byte)) this.#depth += 1;
    else if (CLOSING.has(byte)) this.#depth -= 1;
    const isBehind = this.#depth < 0 || (this.#depth === 0 && (byte === COMMA || byte === COLON));
    if (isBehind) throw new KeyholdError("invalid-json", "Cannot store the value as JSON: it is more than one value");
  }
}
