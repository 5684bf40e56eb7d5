// A request's target taken apart: path, key, query. docs/protocol.md §2 and §16, read anew.

export type Pairs = readonly (readonly [name: string, value: string])[];

export type Place =
  | { readonly kind: "raw"; readonly key: string }
  | { readonly kind: "json"; readonly key: string }
  | { readonly kind: "collection" }
  | { readonly kind: "transaction" }
  | { readonly kind: "bad key" };

const KEY_BYTES_MAX = 255;

export function placeOf(path: string): Place {
  if (path === "/keys") return { kind: "collection" };
  if (path === "/-/txn") return { kind: "transaction" };
  const isJson = path.startsWith("/keys/");
  const key = decode(path.slice(isJson ? 6 : 1));
  if (key === null || !(isJson ? isKey(key) : isShortKey(key))) return { kind: "bad key" };
  return { kind: isJson ? "json" : "raw", key };
}

export function isShortKey(key: string): boolean {
  return /^[A-Za-z0-9]{1,255}$/.test(key);
}

export function isKey(key: string): boolean {
  const length = Buffer.byteLength(key);
  const isPlain = !/\p{Cc}/u.test(key) && key.isWellFormed();
  return (
    length >= 1 && length <= KEY_BYTES_MAX && isPlain && !key.split("/").some((part) => part === "." || part === "..")
  );
}

export function splitTarget(target: string): { readonly path: string; readonly query: Pairs | null } {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: [] };
  return { path: target.slice(0, mark), query: readPairs(target.slice(mark + 1)) };
}

/** Of a query or a form; null where an escape is malformed. */
export function readPairs(text: string): Pairs | null {
  const pairs: [string, string][] = [];
  for (const part of text.split("&")) {
    const equals = part.indexOf("=");
    const [name, value] = equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
    const decoded = [name, value].map((each) => decode(each.replaceAll("+", " ")));
    if (decoded[0] == null || decoded[1] == null) return null;
    pairs.push([decoded[0], decoded[1]]);
  }
  return pairs;
}

/** The value of a name that stands once; null where it does not stand. */
export function oneOf(pairs: Pairs, name: string): string | null {
  return pairs.find(([each]) => each === name)?.[1] ?? null;
}

/** The name of what is asked for that is not known, stands twice or has no value; null where all is well. */
export function wrongParameter(pairs: Pairs, known: readonly string[], flags: readonly string[] = []): string | null {
  const seen = new Set<string>();
  for (const [name, value] of pairs) {
    const isFlag = flags.includes(name);
    if (!known.includes(name) && !isFlag) return name;
    if (seen.has(name) && name !== "key") return name;
    if (isFlag ? !["", "1", "true"].includes(value) : value === "") return name;
    seen.add(name);
  }
  return null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
