// A running server as the commands ask it: by URL, with a token where there is one. What it refuses is told by the sentence
// that it answered.
import { KeyholdError } from "../core/errors.ts";
import { FIELD } from "../wire/headers.ts";

export interface Remote {
  /** "http://127.0.0.1:3000", without a slash at the end. */
  readonly url: string;
  /** Null for none. */
  readonly token: string | null;
}

export interface RemoteRequest {
  readonly method: "GET" | "POST";
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

/** @throws "unavailable" where nobody answers or the answer is no success, with what it says */
export async function ask({ url, token }: Remote, request: RemoteRequest): Promise<Response> {
  const { method, target, signal, body = null } = request;
  const headers = { ...request.headers, ...(token !== null && { [FIELD.authorization]: `Bearer ${token}` }) };
  let response: Response;
  try {
    // Without Bun's own time limit: a copy of a large store is long in the making.
    response = await fetch(`${url}${target}`, { method, headers, body, signal, timeout: false });
  } catch (error) {
    if (signal.aborted) throw new KeyholdError("unavailable", "Stopped before the end");
    const why = error instanceof Error ? error.message : String(error);
    throw new KeyholdError(
      "unavailable",
      `Cannot reach ${url}: ${why}; is a server running there? --url names another`,
    );
  }
  if (response.ok) return response;
  throw new KeyholdError("unavailable", `${url} answered ${response.status}: ${await sentenceOf(response)}`);
}

async function sentenceOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail }: { detail?: unknown } = JSON.parse(text);
    if (typeof detail === "string") return detail;
  } catch {
    // No problem document: what a proxy or another program says is shown as it is.
  }
  return text.trim().slice(0, 200) || response.statusText;
}
