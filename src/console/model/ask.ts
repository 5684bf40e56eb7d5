// A request as data: what is sent to the server, and what is shown as a line of curl, is made from the same value, so that
// the line does what the button does.

export interface Ask {
  readonly method: string;
  /** Path and query, as they go over the wire. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AskBody | null;
}

export type AskBody =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly content: Blob; readonly fileName: string };

/** Longer texts are named as a file in the line of curl. */
const SHOWN_BODY_LENGTH = 1500;

export function ask(method: string, target: string, headers: Readonly<Record<string, string>> = {}): Ask {
  return { method, target, headers, body: null };
}

export function withText(request: Ask, text: string): Ask {
  return { ...request, body: { kind: "text", text } };
}

/** Between slashes, what a browser and curl take out of a path, with the segment before it. */
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;

/**
 * The path of an entry. Slashes stay as they are; all else that a path could take for something of its own is escaped. No entry
 * has a key with `.` or `..` between slashes, whose path would become that of another one: it is written so that the server
 * refuses it.
 */
export function entryPath(key: string): string {
  if (DOT_SEGMENT.test(key)) return `/keys/${encodeURIComponent(key.includes("/") ? key : `/${key}`)}`;
  return `/keys/${encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@")}`;
}

/** A query of those parameters that have a value; true stands alone. */
export function query(parameters: Readonly<Record<string, string | number | boolean | null>>): string {
  const parts = Object.entries(parameters).flatMap(([name, value]) => {
    if (value === null || value === false || value === "") return [];
    return [value === true ? name : `${name}=${encodeQuery(String(value))}`];
  });
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** @param hasToken - the line then takes the token from the environment: no secret is ever shown in it */
export function curlLine(request: Ask, { origin, hasToken }: { readonly origin: string; readonly hasToken: boolean }) {
  const words = ["curl"];
  const hasBody = request.body !== null;
  if (request.method === "HEAD") words.push("-I");
  else if (request.method !== (hasBody ? "POST" : "GET")) words.push("-X", request.method);
  if (isStream(request)) words.push("-N");
  if (hasToken) words.push("--oauth2-bearer", '"$KEYHOLD_TOKEN"');
  for (const [name, value] of Object.entries(request.headers)) words.push("-H", quoted(`${name}: ${value}`));
  if (request.body !== null) words.push(...bodyWords(request.body));
  words.push(quoted(origin + request.target));
  return words.join(" ");
}

function isStream({ target }: Ask): boolean {
  return /[?&]watch\b/.test(target);
}

function bodyWords(body: AskBody): readonly string[] {
  if (body.kind === "file") return ["--data-binary", quoted(`@${body.fileName}`)];
  if (body.text.length > SHOWN_BODY_LENGTH) return ["--data-binary", "@value"];
  return ["--data-raw", quoted(body.text)];
}

/** For a POSIX shell; bare where that is safe. */
function quoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function encodeQuery(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
}
