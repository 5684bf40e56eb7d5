// What HTTP tests ask with and what they get, the same in process and over a socket, so that one suite holds both to the
// contract.

export interface HttpRequest {
  readonly method: string;
  /** Path and query, sent exactly as written. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null for a request without a body, which has no Content-Length either. */
  readonly body: Uint8Array | string | null;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body as text. */
  readonly text: string;
}

/** An answer whose body is read as it comes. */
export interface HttpStream {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, part by part; to be read once. @throws Error when the connection ends before its end */
  texts(): AsyncIterable<string>;
  /** Goes away, as a client does that loses interest. */
  close(): void;
}

export interface HttpClient {
  /** @throws Error when the server cuts the connection before its answer is whole */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** As send(), resolved when the head is there. */
  open(request: HttpRequest): Promise<HttpStream>;
}

type Headers = HttpRequest["headers"];
type Body = HttpRequest["body"];

/** Short ways to write requests down. */
export class Http {
  readonly #client: HttpClient;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /** @param line - method and target, as in "PUT /a?expire_in=60" */
  send(line: string, body: Body = null, headers: Headers = {}): Promise<HttpAnswer> {
    const space = line.indexOf(" ");
    return this.#client.send({ method: line.slice(0, space), target: line.slice(space + 1), headers, body });
  }

  get(target: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`GET ${target}`, null, headers);
  }

  head(target: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`HEAD ${target}`, null, headers);
  }

  put(target: string, body: Body, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`PUT ${target}`, body, headers);
  }

  putJson(target: string, json: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.put(target, json, { "Content-Type": "application/json", ...headers });
  }

  postJson(target: string, json: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`POST ${target}`, json, { "Content-Type": "application/json", ...headers });
  }

  /** A form, as curl -d sends it. */
  patch(target: string, form: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`PATCH ${target}`, form, { "Content-Type": "application/x-www-form-urlencoded", ...headers });
  }

  mergePatch(target: string, json: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`PATCH ${target}`, json, { "Content-Type": "application/merge-patch+json", ...headers });
  }

  jsonPatch(target: string, json: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`PATCH ${target}`, json, { "Content-Type": "application/json-patch+json", ...headers });
  }

  delete(target: string, headers: Headers = {}): Promise<HttpAnswer> {
    return this.send(`DELETE ${target}`, null, headers);
  }

  /** A GET whose answer is read as it comes. */
  open(target: string, headers: Headers = {}): Promise<HttpStream> {
    return this.#client.open({ method: "GET", target, headers, body: null });
  }

  /** As get(), where anything but the status expected would be a mistake of the test. */
  async text(target: string): Promise<string> {
    const answer = await this.get(target);
    if (answer.status !== 200) throw new Error(`GET ${target} was answered ${answer.status}: ${answer.text}`);
    return answer.text;
  }

  async json(target: string): Promise<unknown> {
    return JSON.parse(await this.text(target));
  }
}

export function makeAnswer(status: number, headers: Headers, body: Uint8Array): HttpAnswer {
  const lowered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { status, headers: Object.fromEntries(lowered), body, text: new TextDecoder().decode(body) };
}

export function bodyBytes(body: Body): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array());
}
