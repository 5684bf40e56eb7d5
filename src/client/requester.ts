// Sends requests: token, time limit, problems as errors, and again where that is safe (retry.ts). The only caller of fetch.
import { FIELD } from "../wire/headers.ts";
import { KeyholdError } from "./errors.ts";
import type { CallOptions, KeyholdOptions } from "./options.ts";
import { problemOf } from "./problem.ts";
import { pauseBeforeNext, type RetryPolicy, readRetryPolicy } from "./retry.ts";
import { sentOnce } from "./sent-once.ts";
import { pause, startTimeLimit, type TimeLimit } from "./timing.ts";

export interface Call {
  readonly method: string;
  /** Path and query, encoded, such as "/keys/a%2Fb?wait=5". */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Whether it does no harm twice. */
  readonly isRepeatable: boolean;
  /** Whether it may have been done in part where it is refused; false unless given. */
  readonly mayBePartial?: boolean;
  /** Statuses that are answers and no errors, besides 2xx. */
  readonly accepts?: readonly number[];
  readonly options: CallOptions;
}

export type RequestBody = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | null;

/** An answer that has been read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface Requester {
  /** The whole answer. A body that is cut counts as no answer. */
  ask(call: Call): Promise<Answer>;
  /** The answer as soon as it begins; its body is read by the caller, and bounded by the caller's signal alone. */
  open(call: Call): Promise<Response>;
  readonly policy: RetryPolicy;
}

/** What is made of an answer; it ends the limit, as it knows when the answer is over. */
type Read<T> = (response: Response, limit: TimeLimit) => Promise<T>;

const TIMEOUT_MS = 30_000;
const SECRET = /^[\x21-\x7e]+$/;
const decoder = new TextDecoder();

export function makeRequester(url: string | URL, options: KeyholdOptions): Requester {
  const base = readBase(url);
  const policy = readRetryPolicy(options.retry);

  async function send(call: Call, headers: Record<string, string>, limit: TimeLimit): Promise<Response> {
    const { method, body: given = null } = call;
    const isOnce = !call.isRepeatable || given instanceof ReadableStream;
    const { body, ...once } = isOnce ? sentOnce({ method, body: given }) : { body: given };
    // `timeout` is Bun's own limit, which would end a long watch; other runtimes do not know it.
    const extras = { timeout: false, ...once, ...(body instanceof ReadableStream && { duplex: "half" as const }) };
    const init = { method, headers, body, signal: limit.signal, redirect: "manual", ...extras } as const;
    const fetch = options.fetch ?? globalThis.fetch;
    const response = await fetch(`${base}${call.target}`, init);
    const { status } = response;
    if (response.ok || call.accepts?.includes(status)) return response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) throw redirected(response);
    throw problemOf(status, response.headers, decoder.decode(await response.arrayBuffer()));
  }

  async function attempt<T>(call: Call, read: Read<T>): Promise<T> {
    const timeoutMs = call.options.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
    const headers = { ...options.headers, ...(await authorization(options.token)), ...call.headers };
    const limit = startTimeLimit(timeoutMs, call.options.signal);
    try {
      return await read(await send(call, headers, limit), limit);
    } catch (error) {
      limit.release();
      throw explain(error, { base, limit, timeoutMs, signal: call.options.signal });
    }
  }

  async function persist<T>(call: Call, read: Read<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(call, read);
      } catch (error) {
        const pauseMs = pauseBeforeNext(error, { tries, ...call }, policy);
        if (pauseMs === null || call.body instanceof ReadableStream) throw error;
        await pause(pauseMs, call.options.signal);
      }
    }
  }

  return {
    policy,
    ask: (call) =>
      persist(call, async (response, limit) => {
        const { status, headers } = response;
        const body = new Uint8Array(await response.arrayBuffer());
        limit.release();
        return { status, headers, body };
      }),
    open: (call) =>
      persist(call, async (response, limit) => {
        limit.lift();
        return response;
      }),
  };
}

/** Without a slash at the end. @throws KeyholdError "invalid-call", without the URL, which may hold a secret */
function readBase(url: string | URL): string {
  const parsed = parseUrl(url);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) {
    const { username, password, search, hash, origin, pathname } = parsed;
    if (`${username}${password}${search}${hash}` === "") return `${origin}${pathname}`.replace(/\/+$/, "");
  }
  throw new KeyholdError(
    "invalid-call",
    "Cannot use the URL of the server: it is http:// or https:// with a host and perhaps a path; a token goes into the options",
  );
}

function parseUrl(url: string | URL): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

async function authorization(token: KeyholdOptions["token"]): Promise<Record<string, string>> {
  const secret = (typeof token === "function" ? await token() : token)?.trim() ?? "";
  if (secret === "") return {};
  if (SECRET.test(secret)) return { [FIELD.authorization]: `Bearer ${secret}` };
  // Here, because what fetch says of such a field quotes it.
  throw new KeyholdError(
    "invalid-call",
    "Cannot send the token: a secret is visible ASCII characters, without white space",
  );
}

interface Circumstances {
  readonly base: string;
  readonly limit: TimeLimit;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What a try that failed is told as: the caller's reason, a time limit, no answer, or what it was. */
function explain(error: unknown, { base, limit, timeoutMs, signal }: Circumstances): unknown {
  if (signal?.aborted) return signal.reason;
  if (limit.isOver())
    return new KeyholdError("timeout", `${base} has not answered within ${timeoutMs} ms`, { cause: error });
  if (error instanceof KeyholdError) return error;
  if (error instanceof Error && error.cause instanceof KeyholdError) return error.cause;
  const why = error instanceof Error ? causeOf(error) : String(error);
  return new KeyholdError("unreachable", `Cannot reach ${base}: ${why}`, { cause: error });
}

/** Node's fetch says only that it failed, and why in the cause; Bun's adds a question of its own, which answers nothing. */
function causeOf({ message, cause }: Error): string {
  const why = cause instanceof Error && cause.message !== "" ? cause.message : message;
  return why.replace(/\.? Is the computer able to access the url\?$/, "");
}

function redirected(response: Response): KeyholdError {
  return new KeyholdError(
    "unexpected-answer",
    "The server redirects, which is not followed, as it could hand token and entries to another; use the URL it leads to",
    { status: response.status },
  );
}
