// JSON Pointers (RFC 6901): a path to a value within a JSON text. What a token means, an index or a name, is known only to
// whoever stands at the value that it leads away from.

export interface JsonPointer {
  /** As it was written. */
  readonly text: string;
  /** Decoded; none for the whole value. */
  readonly tokens: readonly string[];
}

/** Nothing, or tokens that begin with a slash; a tilde is followed by 0 or 1 (RFC 6901 §3). */
const SYNTAX = /^(?:\/(?:[^~/]|~[01])*)*$/u;
const INDEX = /^(?:0|[1-9]\d*)$/;

/** null for what is no pointer. */
export function parseJsonPointer(text: string): JsonPointer | null {
  if (!SYNTAX.test(text)) return null;
  return { text, tokens: text.split("/").slice(1).map(decodeToken) };
}

/** Whether `inner` leads to something within the value that `outer` leads to. */
export function leadsInto({ outer, inner }: { readonly outer: JsonPointer; readonly inner: JsonPointer }): boolean {
  const isLonger = inner.tokens.length > outer.tokens.length;
  return isLonger && outer.tokens.every((token, index) => token === inner.tokens[index]);
}

/** The array index that a token writes (RFC 6901 §4: no leading zeros, no sign); null for any other token. */
export function parseIndex(token: string): number | null {
  return INDEX.test(token) ? Number(token) : null;
}

/** First `~1`, then `~0`, so that `~01` is `~1` (RFC 6901 §4). */
function decodeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
