// What a head says of its message beyond its lines: where the body ends (RFC 9112 §6), whom it is for (§3.2), what it expects
// (RFC 9110 §10.1.1) and whether the connection goes on (RFC 9112 §9.3). All that could be read in two ways is refused.
import { KeyholdError } from "../../core/errors.ts";
import { quote } from "../../core/quote.ts";
import { FIELD } from "../../wire/headers.ts";
import type { RequestHead } from "./head-parser.ts";
import { broken } from "./rules.ts";

/** Where a body ends. */
export type Framing =
  | { readonly is: "none" }
  /** Bytes, more than none. */
  | { readonly is: "length"; readonly length: number }
  | { readonly is: "chunked" };

export interface Message {
  readonly method: string;
  /** Path and query, percent-encoded; "*" with OPTIONS. */
  readonly target: string;
  /** Host and port as asked for, in lower case; null where the request names none. */
  readonly host: string | null;
  readonly framing: Framing;
  /** Whether the client waits for 100 before it sends its body. */
  readonly isContinueAwaited: boolean;
  /** Whether the client sends another request behind this one. */
  readonly isKept: boolean;
}

const NO_BODY: Framing = { is: "none" };
const CHUNKED: Framing = { is: "chunked" };
const LENGTH = /^[0-9]{1,15}$/;
/** A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 3986 §3.2.2 and §3.2.3); or nothing. */
const HOST = /^(?:(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
/** Behind the host a path or a query, or nothing: a fragment is no part of it (RFC 9112 §3.2.2). */
const ABSOLUTE = /^https?:\/\/([^/?#]*)((?:[/?].*)?)$/i;
const EXPECT = "Expect";
const CONNECTION = "Connection";

/** @throws "invalid-request" naming the rule that is broken; "expectation-failed" */
export function toMessage(head: RequestHead): Message {
  const { method, fields, minorVersion } = head;
  const framing = framingOf(head);
  const field = hostField(head);
  const { target, authority } = readTarget(method, head.target);
  const isContinueAwaited = awaitsContinue(head) && framing.is !== "none";
  const connection = fields.get(CONNECTION);
  const isKept = connection === null ? minorVersion === 1 : isKeptBy(connection, minorVersion);
  return { method, target, host: authority ?? field, framing, isContinueAwaited, isKept };
}

function framingOf({ fields, minorVersion }: RequestHead): Framing {
  const length = fields.get(FIELD.contentLength);
  const coding = fields.get(FIELD.transferEncoding);
  if (coding === null) return length === null ? NO_BODY : lengthOf(length);
  if (length !== null) {
    throw broken(
      "length-and-coding",
      "Cannot tell where the body ends: both Content-Length and Transfer-Encoding are given",
    );
  }
  if (minorVersion === 0) {
    throw broken(
      "coding-in-1.0",
      "Cannot tell where the body ends: HTTP/1.0 has no Transfer-Encoding; give Content-Length",
    );
  }
  if (coding.toLowerCase() === "chunked") return CHUNKED;
  throw broken(
    "transfer-encoding",
    `Cannot read a body with Transfer-Encoding ${quote(coding)}: only chunked is, given once`,
  );
}

function lengthOf(text: string): Framing {
  if (!LENGTH.test(text)) {
    throw broken("content-length", `Cannot use Content-Length ${quote(text)}: one whole number is needed, given once`);
  }
  const length = Number(text);
  return length === 0 ? NO_BODY : { is: "length", length };
}

/** RFC 9112 §3.2: exactly one, even where the target names the host itself; none only from clients older than HTTP/1.1. */
function hostField({ fields, minorVersion }: RequestHead): string | null {
  const host = fields.get(FIELD.host);
  if (host === null) {
    if (minorVersion === 0) return null;
    throw broken("host-missing", "Cannot tell whom the request is for: it has no field Host");
  }
  // Two are joined by a comma, which no host has.
  if (HOST.test(host)) return host.toLowerCase();
  throw fields.count(FIELD.host) > 1
    ? broken("host-repeated", "Cannot tell whom the request is for: it has two fields Host")
    : noHost(host);
}

function noHost(host: string): KeyholdError {
  return broken("host", `Cannot tell whom the request is for: ${quote(host)} is no host with a port`);
}

interface RequestTarget {
  readonly target: string;
  /** The host that an absolute target names, which counts instead of the field (RFC 9112 §3.2.2); null for none. */
  readonly authority: string | null;
}

function readTarget(method: string, sent: string): RequestTarget {
  // A tunnel's (RFC 9110 §9.3.6): whatever its target, bytes that are no requests would follow.
  if (method === "CONNECT") throw broken("target", "Cannot open a tunnel: this is no proxy");
  if (sent.startsWith("/")) return { target: asAscii(sent), authority: null };
  if (sent === "*" && method === "OPTIONS") return { target: sent, authority: null };
  const [, authority, rest = ""] = ABSOLUTE.exec(sent) ?? [];
  if (authority === undefined || authority === "") {
    throw broken("target", `Cannot read the target ${quote(sent)}: a path is needed, with its first slash`);
  }
  const target = asAscii(rest.startsWith("/") ? rest : `/${rest}`);
  if (!HOST.test(authority)) throw noHost(authority);
  return { target, authority: authority.toLowerCase() };
}

/** Octets beyond ASCII as the escapes that they stand for: some clients send the UTF-8 of a path as it is. */
function asAscii(target: string): string {
  if (!/[\x80-\xff]/.test(target)) return target;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(target, "latin1"));
    return text.replace(/[^\x00-\x7f]+/gu, encodeURIComponent);
  } catch {
    throw broken("target", "Cannot read the target: it has bytes that are no UTF-8; percent-encode it");
  }
}

function awaitsContinue({ fields, minorVersion }: RequestHead): boolean {
  const expected = fields.get(EXPECT);
  // RFC 9110 §10.1.1: a client of HTTP/1.0 cannot mean it.
  if (expected === null || minorVersion === 0) return false;
  if (expected.toLowerCase() === "100-continue") return true;
  throw new KeyholdError("expectation-failed", `Cannot meet the expectation ${quote(expected)}: only 100-continue is`);
}

function isKeptBy(connection: string, minorVersion: 0 | 1): boolean {
  const options = connection
    .toLowerCase()
    .split(",")
    .map((option) => option.trim());
  if (options.includes("close")) return false;
  return minorVersion === 1 || options.includes("keep-alive");
}
