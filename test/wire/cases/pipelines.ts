// Requests sent before the answers to those ahead of them have come (RFC 9112 §9.3.2): handled one after another, answered in
// order, and none is lost, doubled or torn, wherever the bytes are cut.
import {
  answered,
  answeredAs,
  ask,
  type CaseGroup,
  elsewhere,
  head,
  KEY,
  put,
  putChunks,
  putWhole,
  quiet,
  SMUGGLED,
  type WireCase,
} from "../wire-case.ts";

const GET = ask(`GET /${KEY}`);
const HEALTHY = ask("GET /-/healthy");
const HELLO = { status: 200, body: "hello" } as const;
const CLOSING = ask("GET /-/healthy", "Connection: close");
/** So many names that the answer is made in parts. */
const LISTING = ask(`GET /keys?key=${KEY}${Array.from({ length: 40 }, (_, index) => `&key=${KEY}${index}`).join("")}`);
const LISTED = { status: 200, framing: "chunked", body: `[{"${KEY}": "hello"}]` } as const;
/** More than a connection may send ahead. */
const MANY = 5000;
const LONG = "a".repeat(1024 * 1024);
const WAITING = ask(`GET /${KEY}?wait=60`);
const PUT_ELSEWHERE = elsewhere(ask(`PUT /${KEY}`, "Content-Length: 5", "Connection: close").concat("hello"), 201);

const inOrder: readonly WireCase[] = [
  {
    name: "a PUT, then a GET that sees it",
    steps: [putWhole("hello") + GET],
    answers: [{ status: 201 }, HELLO],
    afterwards: "open",
    stored: "hello",
    isSplit: true,
  },
  {
    name: "a chunked PUT, then a GET that sees it",
    steps: [putChunks("2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-A: b\r\n\r\n") + GET],
    answers: [{ status: 201 }, HELLO],
    afterwards: "open",
    stored: "hello",
    isSplit: true,
  },
  {
    name: "a life in one write: PUT, GET, HEAD, PUT, DELETE, GET",
    steps: [putWhole("hello") + GET + ask(`HEAD /${KEY}`) + putWhole("HELLO") + ask(`DELETE /${KEY}`) + GET],
    answers: [
      { status: 201 },
      HELLO,
      { status: 200, isHead: true, fields: { "content-length": "5" } },
      { status: 204 },
      { status: 204 },
      { status: 404, code: "not-found" },
    ],
    afterwards: "open",
    stored: null,
    isSplit: true,
  },
  {
    name: "ten values, each seen by the GET behind it",
    steps: [Array.from({ length: 10 }, (_, index) => putWhole(String(index)) + GET).join("")],
    answers: Array.from({ length: 10 }, (_, index) => [
      { status: index === 0 ? 201 : 204 },
      { status: 200, body: String(index) },
    ]).flat(),
    afterwards: "open",
    stored: "9",
  },
  {
    name: "a hundred requests in one write",
    steps: [HEALTHY.repeat(100)],
    answers: Array.from({ length: 100 }, () => ({ status: 200 })),
    afterwards: "open",
  },
  {
    name: "a hundred counts in one write, each answered with its own",
    steps: [
      `${ask(`PATCH /${KEY}`, "Content-Type: application/x-www-form-urlencoded", "Content-Length: 6")}incr=1`.repeat(
        100,
      ),
    ],
    answers: Array.from({ length: 100 }, (_, index) => ({
      status: index === 0 ? 201 : 200,
      body: String(index + 1),
    })),
    afterwards: "open",
  },
  {
    name: "answers of every framing, one behind another",
    steps: [
      putWhole("hello") +
        LISTING +
        ask(`GET /${KEY}`, "If-None-Match: *") +
        ask(`HEAD /keys?prefix=${KEY}`) +
        GET +
        ask(`OPTIONS /${KEY}`) +
        LISTING +
        ask(`GET /${KEY}x`),
    ],
    answers: [
      { status: 201 },
      LISTED,
      { status: 304 },
      { status: 200, isHead: true },
      HELLO,
      { status: 204 },
      LISTED,
      { status: 404, code: "not-found" },
    ],
    afterwards: "open",
    stored: "hello",
  },
  {
    name: "values of a megabyte, one behind another",
    steps: [
      ask(`PUT /keys/${KEY}`, "Content-Type: text/x", `Content-Length: ${LONG.length}`) + LONG,
      answered(1),
      ask(`GET /keys/${KEY}`, "Accept: text/x").repeat(6),
    ],
    answers: [{ status: 201 }, ...Array.from({ length: 6 }, () => ({ status: 200, body: LONG }))],
    afterwards: "open",
  },
  ...answeredAs(
    { status: 200 },
    {
      "an empty line behind a request": `${HEALTHY}\r\n`,
      "two empty lines behind a request": `${HEALTHY}\r\n\r\n`,
    },
  ),
  {
    name: "an empty line between requests",
    steps: [`${putWhole("hello")}\r\n${GET}\r\n\r\n${GET}`],
    answers: [{ status: 201 }, HELLO, HELLO],
    afterwards: "open",
    stored: "hello",
    isSplit: true,
  },
];

const behindSlow: readonly WireCase[] = [
  {
    name: "requests behind one that waits",
    steps: [WAITING + GET + HEALTHY, quiet, PUT_ELSEWHERE],
    answers: [HELLO, HELLO, { status: 200 }],
    afterwards: "open",
    stored: "hello",
  },
  {
    name: "requests that come while one waits",
    steps: [WAITING, quiet, GET, quiet, HEALTHY, quiet, PUT_ELSEWHERE],
    answers: [HELLO, HELLO, { status: 200 }],
    afterwards: "open",
    stored: "hello",
  },
  {
    name: "half a request behind one that waits",
    steps: [WAITING + GET.slice(0, 10), quiet, PUT_ELSEWHERE, answered(1), quiet, GET.slice(10)],
    answers: [HELLO, HELLO],
    afterwards: "open",
    stored: "hello",
  },
  {
    name: "a write behind a wait, which is made when that is over",
    steps: [WAITING + putWhole("HELLO"), quiet, PUT_ELSEWHERE],
    answers: [HELLO, { status: 204 }],
    afterwards: "open",
    stored: "HELLO",
  },
  {
    name: "more requests behind one that waits than a connection may send ahead",
    steps: [WAITING + HEALTHY.repeat(MANY), quiet, PUT_ELSEWHERE],
    answers: [HELLO, ...Array.from({ length: MANY }, () => ({ status: 200 }))],
    afterwards: "open",
  },
  {
    name: "a large body behind a request that waits",
    steps: [
      `${WAITING}${ask(`PUT /keys/${KEY}`, "Content-Type: text/x", `Content-Length: ${LONG.length}`)}${LONG}${HEALTHY}`,
      quiet,
      PUT_ELSEWHERE,
    ],
    answers: [HELLO, { status: 200 }, { status: 200 }],
    afterwards: "open",
    stored: LONG,
  },
  {
    name: "what is no request behind one that waits",
    steps: [`${WAITING}GET /-/healthy\r\n\r\n${SMUGGLED}`, quiet, PUT_ELSEWHERE],
    answers: [HELLO, { status: 400, code: "invalid-request", rule: "request-line" }],
    afterwards: "closed",
    stored: "hello",
  },
];

const refusedBehind: readonly WireCase[] = [
  {
    name: "a request without Host behind one that is good",
    steps: [HEALTHY + head("GET / HTTP/1.1") + SMUGGLED],
    answers: [{ status: 200 }, { status: 400, code: "invalid-request", rule: "host-missing" }],
    afterwards: "closed",
    isSplit: true,
  },
  {
    name: "a request with two lengths behind a PUT that is good",
    steps: [putWhole("hello") + put(["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n") + SMUGGLED],
    answers: [{ status: 201 }, { status: 400, code: "invalid-request", rule: "length-and-coding" }],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "a PUT that is good, with a body shorter than what comes",
    steps: [`${put(["Content-Length: 5"], "hello")}, world!\r\n${SMUGGLED}`],
    answers: [{ status: 201 }, { status: 400, code: "invalid-request", rule: "method" }],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "a malformed chunk behind a PUT that is good",
    steps: [putWhole("hello") + putChunks("5\r\nHELLO\r\n0x0\r\n\r\n") + SMUGGLED],
    answers: [{ status: 201 }, { status: 400, code: "invalid-request", rule: "chunk-size" }],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "a refusal that leaves the connection, behind and before others",
    steps: [HEALTHY + ask(`GET /${KEY}-`) + HEALTHY],
    answers: [{ status: 200 }, { status: 400, code: "invalid-key" }, { status: 200 }],
    afterwards: "open",
  },
  {
    name: "requests behind one that closes",
    steps: [CLOSING + SMUGGLED],
    answers: [{ status: 200 }],
    afterwards: "closed",
    isSplit: true,
  },
  {
    name: "requests behind one in HTTP/1.0",
    steps: [head("GET /-/healthy HTTP/1.0") + SMUGGLED],
    answers: [{ status: 200 }],
    afterwards: "closed",
  },
  {
    name: "a hundred requests behind one that closes",
    steps: [CLOSING + SMUGGLED.repeat(100)],
    answers: [{ status: 200 }],
    afterwards: "closed",
  },
  {
    name: "requests behind a method that nobody knows",
    steps: [ask(`FROBNICATE /${KEY}`) + SMUGGLED],
    answers: [{ status: 405, code: "method-not-allowed" }],
    afterwards: "closed",
  },
];

export const PIPELINES: CaseGroup = { title: "pipelines", cases: [...inOrder, ...behindSlow, ...refusedBehind] };
