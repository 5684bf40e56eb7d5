// Where Keyhold's transport and Node's parser differ by decision, one row each: what is sent, how many requests each of them takes,
// and why a refusal was made. Rows in which Keyhold takes more are those that the RFCs have on its side.
import { afterAll, describe, expect, test } from "bun:test";
import { PLAIN } from "./delivery.ts";
import { refusalKey } from "./judge.ts";
import { makeContext, playAll } from "./round.ts";
import { startWitness } from "./witness.ts";

interface Difference {
  readonly what: string;
  readonly stream: string;
  /** Requests that Node takes, and how the stream ends for it. */
  readonly node: readonly [taken: number, end: string];
  /** Requests that Keyhold takes, and the rule by which it refuses; null where it does not. */
  readonly keyhold: readonly [taken: number, rule: string | null];
}

const HOST = "Host: a.example\r\n";
const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

const STRICTER: readonly Difference[] = [
  row("two spaces in a request line", `GET  / HTTP/1.1\r\n${HOST}\r\n`, [1, "open"], [0, "request-line"]),
  row("a request line without a version", "GET /\r\n\r\n", [1, "closed"], [0, "request-line"]),
  row("RTSP", `SETUP / RTSP/1.0\r\n${HOST}\r\n`, [1, "closed"], [0, "request-line"]),
  row("many empty lines before a request", `${"\r\n".repeat(9)}${GET}`, [1, "open"], [0, "request-line"]),
  row("bare LFs before a request", `\n\n${GET}`, [1, "open"], [0, "line-break"]),
  row("bare CRs before a request", `\r\r${GET}`, [1, "open"], [0, "line-break"]),
  row("HTTP/2.0", `GET / HTTP/2.0\r\n${HOST}\r\n`, [1, "closed"], [0, "version-not-supported"]),
  row("HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", [1, "closed"], [0, "version-not-supported"]),
  row("* with GET", `GET * HTTP/1.1\r\n${HOST}\r\n`, [1, "open"], [0, "target"]),
  row("another scheme", `GET ftp://a.example/ HTTP/1.1\r\n${HOST}\r\n`, [1, "open"], [0, "target"]),
  row("a URI without a host", `GET http:///x HTTP/1.1\r\n${HOST}\r\n`, [1, "open"], [0, "target"]),
  row("two Hosts", `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, [1, "open"], [0, "host-repeated"]),
  row("a Host that is none", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", [1, "open"], [0, "host"]),
  row("a user in the target", `GET http://u@a.example/ HTTP/1.1\r\n${HOST}\r\n`, [1, "open"], [0, "host"]),
  row(
    "another coding",
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    [1, "open"],
    [0, "transfer-encoding"],
  ),
  row("an empty coding", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`, [1, "open"], [0, "transfer-encoding"]),
  row(
    "an empty coding beside a length",
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\nContent-Length: 0\r\n\r\n`,
    [1, "open"],
    [0, "length-and-coding"],
  ),
  row(
    "chunks in HTTP/1.0",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    [1, "closed"],
    [0, "coding-in-1.0"],
  ),
  row(
    "a second expectation",
    `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\na`,
    [1, "open"],
    [0, "expectation-failed"],
  ),
  row(
    "a size of twenty digits",
    `${CHUNKED}${"1".padStart(20, "0")}\r\na\r\n0\r\n\r\n`,
    [1, "open"],
    [0, "chunk-size"],
  ),
  row("an extension without its value", `${CHUNKED}1;a=\r\na\r\n0\r\n\r\n`, [1, "open"], [0, "chunk-extension"]),
  row("Host in a trailer", `${CHUNKED}0\r\nHost: b.example\r\n\r\n`, [1, "open"], [0, "trailer"]),
  row("Connection in a trailer", `${CHUNKED}0\r\nConnection: keep-alive\r\n\r\n`, [1, "open"], [0, "trailer"]),
];

const OTHERWISE: readonly Difference[] = [
  // RFC 9112 §9.3: OWS around an option is no part of it; close counts beside keep-alive.
  row(
    "Connection: close and a tab",
    `GET / HTTP/1.1\r\n${HOST}Connection: close\t\r\n\r\n${GET}`,
    [2, "open"],
    [1, null],
  ),
  row(
    "both options in HTTP/1.0",
    `GET / HTTP/1.0\r\n${HOST}Connection: keep-alive, close\r\n\r\n${GET}`,
    [2, "open"],
    [1, null],
  ),
  // RFC 9112 §C.2.2: Proxy-Connection is no field of HTTP.
  row(
    "Proxy-Connection: close",
    `GET / HTTP/1.1\r\n${HOST}Proxy-Connection: close\r\n\r\n${GET}`,
    [1, "closed"],
    [2, null],
  ),
  // RFC 9110 §16.1: the set of methods is open; one that nobody knows is answered 405, the last of its connection.
  row("a method that nobody knows", `BREW / HTTP/1.1\r\n${HOST}\r\n${GET}`, [0, "refused"], [1, null]),
];

/** Taken by the RFCs and not by Node; the witness mends them, so that what stands behind can be compared. */
const MENDED: readonly Difference[] = [
  row("UTF-8 in a target", `GET /\xc3\xa9 HTTP/1.1\r\n${HOST}\r\n${GET}`, [2, "open"], [2, null]),
  row("a tab behind a length", `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\t\r\n\r\na${GET}`, [2, "open"], [2, null]),
  row(
    "a tab behind a coding",
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n${GET}`,
    [2, "open"],
    [2, null],
  ),
];

const witness = await startWitness();
afterAll(() => witness.close());

describe("stricter than Node's parser", () => void STRICTER.forEach(check));
describe("otherwise than Node's parser", () => void OTHERWISE.forEach(check));
describe("what Node's parser refuses and the RFCs do not", () => void MENDED.forEach(check));

function check({ what, stream, node, keyhold }: Difference): void {
  test(what, async () => {
    const [testimony] = await witness.ask([stream]);
    const [play] = await playAll([{ stream, delivery: PLAIN }], makeContext());
    if (testimony === undefined || play === undefined) throw new Error("Nothing was played");
    expect([testimony.messages.length, testimony.end]).toEqual([...node]);
    expect([play.taken.length, refusalKey(play)]).toEqual([...keyhold]);
    expect(testimony.mends.length > 0).toBe(MENDED.some((difference) => difference.what === what));
  });
}

function row(what: string, stream: string, node: Difference["node"], keyhold: Difference["keyhold"]): Difference {
  return { what, stream, node, keyhold };
}
