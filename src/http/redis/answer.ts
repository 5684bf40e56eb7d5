// What a command answers, as data, and how it goes out: as JSON in the manner of Upstash, with its strings in Base64 where that
// is asked for, or as RESP2. A command that fails answers an error like any other; only faults of the request are thrown.

export type Answer =
  | { readonly is: "nil" }
  /** A word of Redis' own, such as OK. */
  | { readonly is: "status"; readonly text: string }
  | { readonly is: "integer"; readonly value: bigint }
  | { readonly is: "bytes"; readonly value: Uint8Array }
  | { readonly is: "array"; readonly items: readonly Answer[] }
  | { readonly is: "error"; readonly message: string };

/** How answers go out. */
export type AnswerForm = "json" | "base64" | "resp2";

export const NIL: Answer = { is: "nil" };
export const OK: Answer = { is: "status", text: "OK" };

const encoder = new TextEncoder();
/** Bytes that are no text show as U+FFFD, as Upstash has it. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Requires: an integer within ±(2^53−1), or a bigint. */
export function integer(value: number | bigint): Answer {
  return { is: "integer", value: BigInt(value) };
}

export function bytes(value: Uint8Array): Answer {
  return { is: "bytes", value };
}

export function text(value: string): Answer {
  return { is: "bytes", value: encoder.encode(value) };
}

export function list(items: readonly Answer[]): Answer {
  return { is: "array", items };
}

/** `{"result": …}` or `{"error": …}`. */
export function toJson(answer: Answer, form: "json" | "base64"): string {
  if (answer.is === "error") return `{"error":${JSON.stringify(answer.message)}}`;
  return `{"result":${resultJson(answer, form === "base64")}}`;
}

/** The Redis serialization protocol, version 2. */
export function toResp2(answer: Answer): Uint8Array {
  return Buffer.concat(resp2Parts(answer));
}

function resultJson(answer: Answer, isBase64: boolean): string {
  switch (answer.is) {
    case "nil":
      return "null";
    case "integer":
      return String(answer.value);
    case "status":
      // Clients know OK from Base64 by its being this word (@upstash/redis).
      return isBase64 && answer.text !== "OK"
        ? `"${encoder.encode(answer.text).toBase64()}"`
        : JSON.stringify(answer.text);
    case "bytes":
      return isBase64 ? `"${answer.value.toBase64()}"` : JSON.stringify(decoder.decode(answer.value));
    case "array":
      return `[${answer.items.map((item) => resultJson(item, isBase64)).join(",")}]`;
    case "error":
      return JSON.stringify(answer.message);
    default:
      return answer satisfies never;
  }
}

function resp2Parts(answer: Answer): readonly Uint8Array[] {
  switch (answer.is) {
    case "nil":
      return [encoder.encode("$-1\r\n")];
    case "integer":
      return [encoder.encode(`:${answer.value}\r\n`)];
    case "status":
      return [encoder.encode(`+${answer.text}\r\n`)];
    case "error":
      return [encoder.encode(`-${answer.message.replace(/[\r\n]+/g, " ")}\r\n`)];
    case "bytes":
      return [encoder.encode(`$${answer.value.length}\r\n`), answer.value, encoder.encode("\r\n")];
    case "array":
      return [encoder.encode(`*${answer.items.length}\r\n`), ...answer.items.flatMap(resp2Parts)];
    default:
      return answer satisfies never;
  }
}
