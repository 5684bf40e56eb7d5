// What a case of the raw battery is: what is sent, what must come back, and what becomes of the connection and the store. Cases
// are data, in cases/; case-runner.ts plays them. Bytes are written as texts, one octet a character ("\xff" is octet 255).

/** Replaced by keys of the same length, which no other case uses: so lengths can be counted in the text as it stands. */
export const KEY = "KEY__";
/** The key that would be there if bytes behind a refused request were taken for another one. */
export const SMUGGLED_KEY = "EVIL_";

export type Step =
  /** Bytes to send. */
  | string
  /** So many answers have come, and nothing behind them. */
  | { readonly is: "answered"; readonly answers: number }
  /** The server waits: it answers others, but nothing here, and the connection stays. */
  | { readonly is: "quiet" }
  /** A request on another connection, which is answered with this status. */
  | { readonly is: "elsewhere"; readonly request: string; readonly status: number }
  /** The client sends no more (FIN). */
  | { readonly is: "end" }
  /** The client is gone, whatever is on its way. */
  | { readonly is: "leave" };

export interface ExpectedAnswer {
  /** One, or a range of them. */
  readonly status: number | readonly [lowest: number, highest: number];
  /** Whether it answers HEAD, so that no body comes. */
  readonly isHead?: boolean;
  /** Of the problem document. */
  readonly code?: string;
  /** Of the problem document: the rule of HTTP that the request broke. */
  readonly rule?: string;
  /** Fields with their values, names in lower case; null for those that must not be there. */
  readonly fields?: Readonly<Record<string, string | RegExp | null>>;
  readonly body?: string | RegExp;
  /** How the body is framed; by its length where this is not said. */
  readonly framing?: "chunked" | "close";
}

export interface WireCase {
  /** A sentence about what is sent, such as "a space before the colon of Content-Length". */
  readonly name: string;
  readonly steps: readonly Step[];
  /** In order; interim ones (100) too. */
  readonly answers: readonly ExpectedAnswer[];
  /**
   * What becomes of the connection behind the last answer. On an "open" one another request is answered. Before a "closed" one the
   * last answer says `Connection: close`, unless the client has ended it or asked for that; "cut" is closed without
   * having said so. "as-said" is either, as long as the last answer says which.
   */
  readonly afterwards: "open" | "closed" | "cut" | "as-said";
  /** The value of the key afterwards, null for none; left out where it does not matter. No case leaves the smuggled key. */
  readonly stored?: string | null;
  /** Whether it is sent byte by byte as well, which the runner does where it is short enough; false where that changes what comes. */
  readonly isDripped?: boolean;
  /** Whether it is also sent in two parts, split at each of its bytes in turn, but not over TLS, where that takes long. */
  readonly isSplit?: boolean;
  /** Where it does not apply. */
  readonly notOn?: readonly Carrier[];
}

export type Carrier = "plain" | "TLS" | "Unix socket";

/** Cases that are one test together: they differ in a number alone. */
export interface CaseSeries {
  readonly name: string;
  readonly cases: readonly WireCase[];
}

export interface CaseGroup {
  readonly title: string;
  readonly cases: readonly WireCase[];
  readonly series?: readonly CaseSeries[];
}

const HOST = "Host: keyhold.test";
const SMUGGLED_VALUE = "evil";

/** A request of HTTP/1.1 with a Host. @param line - method and target */
export function ask(line: string, ...fields: readonly string[]): string {
  return head(`${line} HTTP/1.1`, HOST, ...fields);
}

/** A head of these lines, and nothing else. */
export function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A PUT of the case's key with fields and body as they are given. */
export function put(fields: readonly string[], body: string): string {
  return ask(`PUT /${KEY}`, ...fields) + body;
}

/** A PUT of the case's key as it should be. */
export function putWhole(value: string): string {
  return put([`Content-Length: ${value.length}`], value);
}

/** A chunked PUT of the case's key. @param chunks - as they go on the wire, the last one too */
export function putChunks(chunks: string): string {
  return put(["Transfer-Encoding: chunked"], chunks);
}

/** A request that must never be taken for one. */
export const SMUGGLED =
  head(`PUT /${SMUGGLED_KEY} HTTP/1.1`, HOST, `Content-Length: ${SMUGGLED_VALUE.length}`) + SMUGGLED_VALUE;

export function answered(answers: number): Step {
  return { is: "answered", answers };
}

export const quiet: Step = { is: "quiet" };
export const end: Step = { is: "end" };
export const leave: Step = { is: "leave" };

export function elsewhere(request: string, status: number): Step {
  return { is: "elsewhere", request, status };
}

/** Requests that break a rule: each is answered 400 naming it, the connection is closed, and nothing behind is a request. */
export function refused(rule: string, requests: Readonly<Record<string, string>>): readonly WireCase[] {
  return refusedAs({ status: 400, code: "invalid-request", rule }, requests);
}

/** As refused(), with another answer. */
export function refusedAs(answer: ExpectedAnswer, requests: Readonly<Record<string, string>>): readonly WireCase[] {
  return Object.entries(requests).map(([name, request]) => ({
    name,
    steps: [request + SMUGGLED],
    answers: [answer],
    afterwards: "closed",
    stored: null,
  }));
}

/** Requests that put this value under the case's key, after which the connection goes on. */
export function storing(value: string, requests: Readonly<Record<string, string>>): readonly WireCase[] {
  return Object.entries(requests).map(([name, request]) => ({
    name,
    steps: [request],
    answers: [{ status: 201 }],
    afterwards: "open",
    stored: value,
  }));
}

/** Requests that are answered so, after which the connection goes on. */
export function answeredAs(answer: ExpectedAnswer, requests: Readonly<Record<string, string>>): readonly WireCase[] {
  return Object.entries(requests).map(([name, request]) => ({
    name,
    steps: [request],
    answers: [answer],
    afterwards: "open",
  }));
}
