// The list of uNetworking/h1spec in our own words: 15 requests whose rest has not come and must be waited for, 18 that are
// answered by a server which answers every body with itself. https://github.com/uNetworking/h1spec
import { type CaseGroup, head, quiet, type WireCase } from "../wire-case.ts";

const HELLO = head("GET /hello HTTP/1.1", "Host: localhost");
const OK = [200, 299] as const;
const CLIENT_FAULT = [400, 499] as const;
const FAULT = [400, 599] as const;

/** What has come when the server is seen to wait, as the beginning of HELLO. */
const BEGUN: Readonly<Record<string, string>> = {
  "a part of the method": "G",
  "a method and its space": "GET ",
  "a target that may go on": "GET /hello",
  "a target and its space": "GET /hello ",
  "a part of the version": "GET /hello HTTP",
  "a version": "GET /hello HTTP/1.1",
  "a request line and its CR": "GET /hello HTTP/1.1\r",
  "a request line": "GET /hello HTTP/1.1\r\n",
  "a part of a field's name": "GET /hello HTTP/1.1\r\nHos",
  "a field's name and its colon": "GET /hello HTTP/1.1\r\nHost:",
  "a field's name and a space": "GET /hello HTTP/1.1\r\nHost: ",
  "a field that may go on": "GET /hello HTTP/1.1\r\nHost: localhost",
  "a field and its CR": "GET /hello HTTP/1.1\r\nHost: localhost\r",
  "a field, and no end of the head": "GET /hello HTTP/1.1\r\nHost: localhost\r\n",
  "all but the last LF": "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r",
};

const waiting = Object.entries(BEGUN).map(
  ([name, begun]): WireCase => ({
    name: `waits behind ${name}`,
    steps: [begun, quiet, HELLO.slice(begun.length)],
    answers: [{ status: OK }],
    afterwards: "open",
  }),
);

/** A GET with these lines behind its Host. */
function withLines(...lines: readonly string[]): string {
  return head("GET / HTTP/1.1", "Host: example.com", ...lines);
}

function taken(name: string, request: string, body = ""): WireCase {
  return { name, steps: [request], answers: [{ status: OK, body }], afterwards: "open" };
}

function refused(name: string, request: string, status: readonly [number, number] = CLIENT_FAULT): WireCase {
  return { name, steps: [request], answers: [{ status }], afterwards: "closed" };
}

const asked = [
  refused("refuses a request without a version", "GET / \r\n\r\n", FAULT),
  taken("answers a request with Expect", withLines("Expect: 100-continue")),
  taken("answers a GET", withLines()),
  taken(
    "takes fields in any case, with a tab or nothing behind the colon",
    head("GET / HTTP/1.1", "hoSt:\texample.com", "empty:"),
  ),
  refused("refuses a field's name with brackets", withLines("X-Invalid[]: test")),
  refused("refuses a request without Host", head("GET / HTTP/1.1", "Content-Length: 5")),
  refused("refuses two Hosts", withLines("Host: example.org")),
  refused(
    "refuses a negative Content-Length beyond all numbers",
    withLines("Content-Length: -123456789123456789123456789"),
  ),
  refused("refuses a negative Content-Length", withLines("Content-Length: -1234")),
  refused("refuses a Content-Length of letters", withLines("Content-Length: abc")),
  taken("takes a field of a space", withLines("X-Empty-Header: ")),
  refused("refuses a control character in a field", withLines("X-Bad-Control-Char: test\x07")),
  refused("refuses HTTP/9.9", head("GET / HTTP/9.9", "Host: example.com"), FAULT),
  refused("refuses words before the method", head("Extra lineGET / HTTP/1.1", "Host: example.com"), FAULT),
  refused("refuses a bare CR before a field", "GET / HTTP/1.1\r\nHost: example.com\r\n\rSome-Header: Test\r\n\r\n"),
  taken(
    "echoes a body by its length",
    `${head("POST / HTTP/1.1", "Host: example.com", "Content-Length: 5")}hello`,
    "hello",
  ),
  taken(
    "echoes a chunked body",
    `${head("POST / HTTP/1.1", "Host: example.com", "Transfer-Encoding: chunked")}c\r\nHellO world1\r\n0\r\n\r\n`,
    "HellO world1",
  ),
  // The list takes an echo of the chunks as well; RFC 9112 §6.1 lets a server choose, and ours refuses.
  refused(
    "refuses Content-Length beside Transfer-Encoding, in any case",
    `${head("POST / HTTP/1.1", "Host: example.com", "content-LengtH: 5", "TransFer-Encoding: chunked")}c\r\nHellO world1\r\n0\r\n\r\n`,
  ),
];

export const H1SPEC: CaseGroup = { title: "h1spec", cases: [...waiting, ...asked] };
