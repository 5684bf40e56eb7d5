// The request target, decoded once and strictly (RFC 3986): a malformed escape or invalid UTF-8 is refused, where the URL
// class would silently give another key. In a path `+` is a plus, in a query a space.
import { type ErrorCode, KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";

export interface Target {
  /** From the first slash, percent-encoded. */
  readonly path: string;
  /** Behind the question mark; "" where there is none. */
  readonly query: string;
}

/** @throws "invalid-request" on a fragment, which only a client's mistake sends */
export function splitTarget(target: string): Target {
  if (target.includes("#")) {
    throw new KeyholdError("invalid-request", 'Cannot read the target: it holds a raw "#"; in a key write it as %23');
  }
  const question = target.indexOf("?");
  if (question < 0) return { path: target, query: "" };
  return { path: target.slice(0, question), query: target.slice(question + 1) };
}

/** @throws "invalid-key" on malformed escapes or invalid UTF-8 */
export function decodePath(text: string): string {
  return decodeEscapes(text, "invalid-key");
}

/** One name or value of a query or form. @throws "invalid-parameter" on malformed escapes or invalid UTF-8 */
export function decodeComponent(text: string): string {
  return decodeEscapes(text.replaceAll("+", " "), "invalid-parameter");
}

/** The pairs of a query or a form, in order. A part without `=` is a name with the value "". */
export function parsePairs(text: string): readonly (readonly [name: string, value: string])[] {
  if (text === "") return [];
  return text
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const equals = part.indexOf("=");
      const [name, value] = equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
      return [decodeComponent(name), decodeComponent(value)] as const;
    });
}

/** A key as a path can carry it behind a slash, slashes kept but a first one: `//a` would name a host. */
export function encodePath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/").replace(/^\//, "%2F");
}

function decodeEscapes(text: string, code: ErrorCode): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new KeyholdError(
      code,
      `Cannot decode ${quote(text)}: its percent-escapes are malformed or not UTF-8; encode the text with encodeURIComponent or curl --data-urlencode`,
      {},
      { cause: error },
    );
  }
}
