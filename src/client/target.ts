// Paths and queries, encoded. A key is one segment of a path, its slashes as %2F: no URL parser on the way takes it apart.
import { KeyholdError } from "./errors.ts";

/** A parameter that is null is left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function keyTarget(key: string, query: Query = {}): string {
  return `/keys/${encodeKey(key)}${toQuery(query)}`;
}

export function keysTarget(query: Query, keys: readonly string[] = []): string {
  return `/keys${toQuery(query, keys)}`;
}

/** Flags that are true stand alone; those that are false are left out. */
export function toQuery(query: Query, keys: readonly string[] = []): string {
  const named = keys.map((key) => `key=${encodeText(key)}`);
  const others = Object.entries(query).flatMap(([name, value]) => {
    if (value === null || value === undefined || value === false) return [];
    return [value === true ? name : `${name}=${encodeText(String(value))}`];
  });
  const parts = [...named, ...others];
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** @throws KeyholdError "invalid-key" on what would name another resource; the rest is for the server to judge */
export function encodeKey(key: string): string {
  if (key !== "" && key !== "." && key !== "..") return encodeText(key);
  throw new KeyholdError("invalid-key", `Cannot use ${JSON.stringify(key)} as a key`, { data: { key } });
}

/** @throws KeyholdError "invalid-key" on half of a surrogate pair */
function encodeText(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch (cause) {
    throw new KeyholdError("invalid-key", `Cannot send ${JSON.stringify(text)}: it is not well-formed Unicode`, {
      cause,
    });
  }
}

/** Milliseconds as the seconds of the protocol. */
export function toSeconds(ms: number): number {
  return ms / 1000;
}
