// A running server as the commands ask it: by URL, with a token where there is one. What it refuses is told by the sentence
// that it answered. A redirection is never followed: it could hand token and entries to another.
import { type ErrorCode, KeyholdError } from "../core/errors.ts";
import { FIELD } from "../wire/headers.ts";
import { ServerAway } from "./run-command.ts";

export interface Remote {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** Null for none. */
  readonly token: string | null;
}

export interface RemoteRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  /** Ends the asking, by a signal of the process or of AbortSignal.timeout(). */
  readonly signal: AbortSignal;
}

/** A success. */
export interface Answer {
  readonly headers: Headers;
  /** To be read once. @throws "unavailable" where they break off */
  readonly parts: AsyncIterable<Uint8Array>;
}

/** Of a refusal: a problem document has a few hundred, what a proxy says is shown as far as SHOWN_CHARACTERS. */
const REFUSAL_BYTES_MAX = 64 * 1024;
const SHOWN_CHARACTERS = 200;
/** Statuses that another try may not meet. */
const AWAY: readonly number[] = [408, 429, 502, 503, 504];
const CODES: Readonly<Record<number, ErrorCode>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "no-such-resource",
  409: "already-exists",
};

/** @throws ServerAway where nobody answers; by the status where the answer is no success, with what it says */
export async function ask(remote: Remote, request: RemoteRequest): Promise<Answer> {
  const { url, token } = remote;
  const { method, target, signal, body = null } = request;
  const headers = { ...request.headers, ...(token !== null && { [FIELD.authorization]: `Bearer ${token}` }) };
  let response: Response;
  try {
    // Without Bun's own time limit: a copy of a large store is long in the making.
    response = await fetch(`${url}${target}`, { method, headers, body, signal, redirect: "manual", timeout: false });
  } catch (error) {
    const cure = "is a server running there? --url names another";
    throw brokenOff(error, signal, (why) => `Cannot reach ${url}: ${why}; ${cure}`);
  }
  if (response.ok) return { headers: response.headers, parts: partsOf(response, remote, signal) };
  const { status } = response;
  const sentence = `${url} answered ${status}: ${await sentenceOf(response, remote, signal)}`;
  throw AWAY.includes(status) ? new ServerAway(sentence) : new KeyholdError(CODES[status] ?? "unavailable", sentence);
}

/** The answer's document, trusted to be what a Keyhold answers there. @throws as ask(), and where it breaks off */
export async function askForJson<T>(remote: Remote, request: RemoteRequest): Promise<T> {
  const parts: Uint8Array[] = [];
  for await (const part of (await ask(remote, request)).parts) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch (error) {
    throw new KeyholdError(
      "unavailable",
      `${remote.url} answered no JSON: is it a Keyhold? --url names another`,
      {},
      { cause: error },
    );
  }
}

async function* partsOf(response: Response, { url }: Remote, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of response.body ?? []) yield part;
  } catch (error) {
    throw brokenOff(error, signal, (why) => `The answer of ${url} broke off: ${why}`);
  }
}

function brokenOff(error: unknown, signal: AbortSignal, describe: (why: string) => string): KeyholdError {
  const isTimeout = signal.reason instanceof Error && signal.reason.name === "TimeoutError";
  if (signal.aborted && !isTimeout) return new KeyholdError("unavailable", "Stopped before the end");
  const why = isTimeout ? "no whole answer in time" : error instanceof Error ? error.message : String(error);
  return new ServerAway(describe(why), { cause: error });
}

async function sentenceOf(response: Response, remote: Remote, signal: AbortSignal): Promise<string> {
  const { status, statusText, headers } = response;
  const location = headers.get("location");
  if (location !== null && status < 400) {
    return `it redirects to ${JSON.stringify(location.slice(0, SHOWN_CHARACTERS))}, which is not followed; --url names the server itself`;
  }
  const said = saidIn(await readRefusal(response, remote, signal));
  const cure = status === 401 ? "; give a token with the scope admin by --token-file or KEYHOLD_TOKEN" : "";
  return `${said === "" ? statusText : said}${cure}`;
}

async function readRefusal(response: Response, remote: Remote, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of partsOf(response, remote, signal)) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= REFUSAL_BYTES_MAX) break;
  }
  return Buffer.concat(parts).toString();
}

function saidIn(text: string): string {
  try {
    const { detail }: { detail?: unknown } = JSON.parse(text);
    if (typeof detail === "string") return detail;
  } catch {
    // No problem document: what a proxy or another program says is shown as it is.
  }
  return text.trim().slice(0, SHOWN_CHARACTERS);
}
