// The life of a connection (RFC 9112 §9): when it is kept, when it ends, a client that ends its side, bodies that nobody reads.
import { LIMITS } from "../../../src/core/limits.ts";
import {
  answered,
  answeredAs,
  ask,
  type CaseGroup,
  elsewhere,
  end,
  head,
  KEY,
  leave,
  put,
  putChunks,
  putWhole,
  quiet,
  SMUGGLED,
  type WireCase,
} from "../wire-case.ts";
import { endings } from "./endings.ts";

const LINE = "GET /-/healthy HTTP/1.1";
const OLD_LINE = "GET /-/healthy HTTP/1.0";
const HEALTHY = ask("GET /-/healthy");
const OK = { status: 200 } as const;
const BROKEN_OFF = { status: 400, code: "invalid-request" } as const;
const TRUNCATED = { ...BROKEN_OFF, rule: "truncated" } as const;
const LONG = "a".repeat(1024 * 1024);
const UNWANTED = LIMITS.unwantedBodyBytes;

/** Requests after which the connection is closed, whatever stands behind them. */
function closing(requests: Readonly<Record<string, string>>): readonly WireCase[] {
  return Object.entries(requests).map(([name, request]) => ({
    name,
    steps: [request + SMUGGLED],
    answers: [{ ...OK, fields: { connection: "close" } }],
    afterwards: "closed",
  }));
}

const kept = [
  ...answeredAs(
    { ...OK, fields: { connection: null } },
    {
      "HTTP/1.1 keeps the connection": HEALTHY,
      "HTTP/1.1 with keep-alive": ask("GET /-/healthy", "Connection: keep-alive"),
      "HTTP/1.1 with an empty Connection": ask("GET /-/healthy", "Connection:"),
      "HTTP/1.1 with an option whose name begins with close": ask("GET /-/healthy", "Connection: closed"),
      "HTTP/1.1 with an option whose name ends with close": ask("GET /-/healthy", "Connection: x-close"),
      "HTTP/1.1 with close in another field": ask("GET /-/healthy", "Proxy-Connection: close", "X-A: close"),
      "HTTP/1.1 with an upgrade that is not taken": ask("GET /-/healthy", "Connection: Upgrade", "Upgrade: websocket"),
      "HTTP/1.1 with an upgrade to HTTP/2": ask(
        "GET /-/healthy",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
      ),
    },
  ),
  ...answeredAs(
    { ...OK, fields: { connection: "keep-alive" } },
    {
      "HTTP/1.0 with keep-alive": head(OLD_LINE, "Connection: keep-alive"),
      "HTTP/1.0 with Keep-Alive": head(OLD_LINE, "connection: Keep-Alive", "Host: h"),
      "HTTP/1.0 with keep-alive in a list": head(OLD_LINE, "Connection: TE, keep-alive"),
    },
  ),
  {
    name: "a PUT in HTTP/1.0",
    steps: [head(`PUT /${KEY} HTTP/1.0`, "Content-Length: 5").concat("hello", SMUGGLED)],
    answers: [{ status: 201 }],
    afterwards: "closed" as const,
    stored: "hello",
  },
  {
    name: "a PUT in HTTP/1.0 with keep-alive, and a GET behind it",
    steps: [
      head(`PUT /${KEY} HTTP/1.0`, "Connection: keep-alive", "Content-Length: 5").concat("hello", ask(`GET /${KEY}`)),
    ],
    answers: [
      { status: 201, fields: { connection: "keep-alive" } },
      { status: 200, body: "hello", fields: { connection: null } },
    ],
    afterwards: "open" as const,
    stored: "hello",
  },
  {
    name: "HTTP/1.0 with keep-alive, three times",
    steps: [head(OLD_LINE, "Connection: keep-alive").repeat(3)],
    answers: [OK, OK, OK],
    afterwards: "open" as const,
  },
  {
    name: "HTTP/1.0 with keep-alive, then without",
    steps: [head(OLD_LINE, "Connection: keep-alive") + head(OLD_LINE) + SMUGGLED],
    answers: [OK, OK],
    afterwards: "closed" as const,
  },
];

const ended = closing({
  "HTTP/1.1 with close": ask("GET /-/healthy", "Connection: close"),
  "HTTP/1.1 with Close": ask("GET /-/healthy", "connection: CLOSE"),
  "HTTP/1.1 with close in a list": ask("GET /-/healthy", "Connection: TE, close"),
  "HTTP/1.1 with close in a list without spaces": ask("GET /-/healthy", "Connection: close,TE"),
  "HTTP/1.1 with close in a list with empty members": ask("GET /-/healthy", "Connection: , ,\tclose\t,"),
  "HTTP/1.1 with keep-alive and close": ask("GET /-/healthy", "Connection: keep-alive, close"),
  "HTTP/1.1 with close in the second of two fields": ask("GET /-/healthy", "Connection: TE", "Connection: close"),
  "HTTP/1.0": head(OLD_LINE),
  "HTTP/1.0 with a Host": head(OLD_LINE, "Host: h"),
  "HTTP/1.0 with close": head(OLD_LINE, "Connection: close"),
  "HTTP/1.0 with keep-alive and close": head(OLD_LINE, "Connection: keep-alive, close"),
  "HTTP/1.0 with keep-alive in another field": head(OLD_LINE, "Proxy-Connection: keep-alive", "Keep-Alive: timeout=5"),
});

const halfClosed: readonly WireCase[] = [
  { name: "an end without a request", steps: [end], answers: [], afterwards: "closed" },
  { name: "an end behind an empty line", steps: ["\r\n", end], answers: [], afterwards: "closed" },
  { name: "an end behind a GET", steps: [HEALTHY, end], answers: [OK], afterwards: "closed" },
  { name: "an end behind an answer", steps: [HEALTHY, answered(1), end], answers: [OK], afterwards: "closed" },
  {
    name: "an end behind a PUT",
    steps: [putWhole("hello"), end],
    answers: [{ status: 201 }],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "an end behind a chunked PUT",
    steps: [putChunks("5\r\nhello\r\n0\r\n\r\n"), end],
    answers: [{ status: 201 }],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "an end behind a request and the empty line that some clients send behind it",
    steps: [`${putWhole("hello")}\r\n`, end],
    answers: [{ status: 201 }],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "an end behind a stream",
    steps: [ask(`GET /keys?key=${KEY}${Array.from({ length: 40 }, (_, index) => `&key=a${index}`).join("")}`), end],
    answers: [{ ...OK, framing: "chunked", body: "[]" }],
    afterwards: "closed",
  },
  {
    name: "an end behind a value of a megabyte, which comes whole",
    steps: [
      ask(`PUT /keys/${KEY}`, "Content-Type: text/x", `Content-Length: ${LONG.length}`) + LONG,
      answered(1),
      ask(`GET /keys/${KEY}`, "Accept: text/x"),
      end,
    ],
    answers: [{ status: 201 }, { status: 200, body: LONG }],
    afterwards: "closed",
  },
  {
    name: "an end behind three requests",
    steps: [putWhole("hello") + ask(`GET /${KEY}`) + HEALTHY, end],
    answers: [{ status: 201 }, { status: 200, body: "hello" }, OK],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "an end within the second request",
    steps: [HEALTHY + HEALTHY.slice(0, -3), end],
    answers: [OK, TRUNCATED],
    afterwards: "closed",
  },
  { name: "an end within the method", steps: ["GE", end], answers: [TRUNCATED], afterwards: "closed" },
  { name: "an end within the target", steps: ["GET /-/hea", end], answers: [TRUNCATED], afterwards: "closed" },
  { name: "an end within the version", steps: [`${LINE}`, end], answers: [TRUNCATED], afterwards: "closed" },
  { name: "an end behind the request line", steps: [`${LINE}\r\n`, end], answers: [TRUNCATED], afterwards: "closed" },
  { name: "an end within a field", steps: [`${LINE}\r\nHost: h`, end], answers: [TRUNCATED], afterwards: "closed" },
  {
    name: "an end before the empty line",
    steps: [`${LINE}\r\nHost: h\r\n`, end],
    answers: [TRUNCATED],
    afterwards: "closed",
  },
  {
    name: "an end within the empty line",
    steps: [`${LINE}\r\nHost: h\r\n\r`, end],
    answers: [TRUNCATED],
    afterwards: "closed",
  },
  ...Object.entries({
    "an end before a body": put(["Content-Length: 5"], ""),
    "an end within a body": put(["Content-Length: 5"], "hell"),
    "an end before the first chunk": putChunks(""),
    "an end within a chunk's size": putChunks("5"),
    "an end within a chunk": putChunks("5\r\nhel"),
    "an end behind a chunk": putChunks("5\r\nhello\r\n"),
    "an end within the last chunk": putChunks("5\r\nhello\r\n0\r\n"),
    "an end within the trailers": putChunks("5\r\nhello\r\n0\r\nX-A: b\r\n"),
    "an end within the last CRLF": putChunks("5\r\nhello\r\n0\r\n\r"),
  }).map(
    ([name, request]): WireCase => ({
      name,
      steps: [request, end],
      answers: [BROKEN_OFF],
      afterwards: "closed",
      stored: null,
    }),
  ),
  {
    name: "an end behind a request that waits: the client has gone",
    steps: [ask(`GET /${KEY}?wait=60`), quiet, end],
    answers: [],
    afterwards: "cut",
  },
  {
    name: "an end behind requests that wait for one that waits: the client has gone",
    steps: [ask(`GET /${KEY}?wait=60`) + SMUGGLED + HEALTHY, quiet, end],
    answers: [],
    afterwards: "cut",
  },
  {
    name: "an end in the same write as a request that waits",
    steps: [ask(`GET /${KEY}?wait=60`), end],
    answers: [],
    afterwards: "cut",
  },
  ...Object.entries({
    "a client that leaves within a head": put(["Content-Length: 5"], "").slice(0, -2),
    "a client that leaves within a body": put(["Content-Length: 5"], "hell"),
    "a client that leaves within a chunk": putChunks("5\r\nhel"),
    "a client that leaves before the last chunk": putChunks("5\r\nhello\r\n"),
    "a client that leaves while it waits, with a PUT behind that": ask("GET /EVIL_?wait=60") + putWhole("hello"),
  }).map(([name, begun]): WireCase => ({ name, steps: [begun, leave], answers: [], afterwards: "cut", stored: null })),
];

/** Bodies of this length on a request that reads none. */
function unread(request: string, bytes: number, chunkBytes: number | null): string {
  const body = "a".repeat(bytes);
  if (chunkBytes === null) return ask(request, `Content-Length: ${bytes}`) + body;
  const chunk = `${chunkBytes.toString(16)}\r\n${"a".repeat(chunkBytes)}\r\n`;
  return `${ask(request, "Transfer-Encoding: chunked") + chunk.repeat(bytes / chunkBytes)}0\r\n\r\n`;
}

const unreadBodies: readonly WireCase[] = [
  ...answeredAs(OK, {
    "a body on GET": unread("GET /-/healthy", 5, null),
    "a request as the body of a GET": ask("GET /-/healthy", `Content-Length: ${SMUGGLED.length}`) + SMUGGLED,
    "a body on GET as long as is passed over": unread("GET /-/healthy", UNWANTED, null),
  }),
  ...answeredAs(
    { status: 404 },
    {
      "a body on DELETE": unread(`DELETE /${KEY}`, 5, null),
      "a body for what is nowhere": unread("PUT /-/nowhere", 5, null),
    },
  ),
  ...answeredAs({ status: 405 }, { "a body with a method that is not allowed": unread(`POST /${KEY}`, 1000, null) }),
  {
    name: "a request in chunks as the body of a GET",
    steps: [
      `${ask("GET /-/healthy", "Transfer-Encoding: chunked")}${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ],
    answers: [OK],
    afterwards: "as-said",
  },
  {
    name: "bodies that nobody reads, in a pipeline",
    steps: [unread("GET /-/healthy", 1000, null).repeat(5) + HEALTHY],
    answers: Array.from({ length: 6 }, () => OK),
    afterwards: "open",
  },
  {
    name: "a body on GET that comes behind its answer",
    steps: [ask("GET /-/healthy", "Content-Length: 5"), answered(1), "hello", HEALTHY],
    answers: [OK, OK],
    afterwards: "open",
  },
  {
    name: "a body on GET one byte longer than is passed over",
    steps: [ask("GET /-/healthy", `Content-Length: ${UNWANTED + 1}`)],
    answers: [OK],
    afterwards: "closed",
  },
  {
    name: "a megabyte on GET: the answer arrives, and the connection ends in order",
    steps: [unread("GET /-/healthy", 1024 * 1024, null)],
    answers: [OK],
    afterwards: "as-said",
  },
  {
    name: "a megabyte in chunks on GET: the answer arrives, and the connection ends in order",
    steps: [unread("GET /-/healthy", 1024 * 1024, 1024)],
    answers: [OK],
    afterwards: "as-said",
  },
  {
    name: "a megabyte for a method that nobody knows: the answer arrives",
    steps: [unread(`FROBNICATE /${KEY}`, 1024 * 1024, null)],
    answers: [{ status: 405, code: "method-not-allowed" }],
    afterwards: "closed",
  },
  {
    name: "a malformed chunk in a body that nobody reads ends the connection",
    steps: [`${ask("GET /-/healthy", "Transfer-Encoding: chunked")}5\r\nhello\r\n0x0\r\n\r\n${SMUGGLED}`],
    answers: [OK],
    afterwards: "cut",
  },
  {
    name: "a body for a wait, which is passed over when that is over",
    steps: [
      `${ask(`GET /${KEY}?wait=60`, "Content-Length: 3")}abc${HEALTHY}`,
      quiet,
      elsewhere(`${ask(`PUT /${KEY}`, "Content-Length: 5", "Connection: close")}hello`, 201),
    ],
    answers: [{ status: 200, body: "hello" }, OK],
    afterwards: "open",
    stored: "hello",
  },
];

export const CONNECTIONS: CaseGroup = {
  title: "connections",
  cases: [...kept, ...ended, ...halfClosed, ...unreadBodies],
  series: [{ name: "a pipeline that is ended behind any of its bytes", cases: endings() }],
};
