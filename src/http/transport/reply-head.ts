// The head of a reply as it goes on the wire (RFC 9112 §4 and §6), and the rule that nothing in it can end a line early: what
// comes from clients and is sent back, such as media types, was checked when it came, and is checked here once more.
import { FIELD } from "../../wire/headers.ts";
import type { ReplyHeaders } from "../exchange.ts";

/** How the body of a reply is framed. */
export type ReplyFraming =
  | { readonly is: "length"; readonly length: number }
  | { readonly is: "chunked" }
  /** By the end of the connection, for clients that know nothing else; or no body at all, and nothing said of it. */
  | { readonly is: "none" };

/** What is said of the connection: nothing where it goes on as the client's version has it. */
export type Persistence = "default" | "close" | "keep-alive";

export interface ReplyHead {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly framing: ReplyFraming;
  readonly persistence: Persistence;
  readonly date: string;
}

/** RFC 9110 §15, as far as it is used; a client reads the number alone (RFC 9112 §4). */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

const STATUS_LINES: readonly string[] = Array.from(
  { length: 600 },
  (_, status) => `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`,
);
/** What no value may hold: ends of lines, other control characters, and what is no octet. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** @throws Error where a field could not be sent as one line */
export function renderHead({ status, headers, framing, persistence, date }: ReplyHead): string {
  return `${renderFirstLines({ status, persistence, date })}${renderFraming(framing)}${renderFields(headers)}\r\n`;
}

/** What does not depend on the content. */
export function renderFirstLines({
  status,
  persistence,
  date,
}: Pick<ReplyHead, "status" | "persistence" | "date">): string {
  const first = `${STATUS_LINES[status] ?? `HTTP/1.1 ${status} \r\n`}Date: ${date}\r\n`;
  return persistence === "default" ? first : `${first}Connection: ${persistence}\r\n`;
}

function renderFraming(framing: ReplyFraming): string {
  switch (framing.is) {
    case "length":
      return `${FIELD.contentLength}: ${framing.length}\r\n`;
    case "chunked":
      return `${FIELD.transferEncoding}: chunked\r\n`;
    case "none":
      return "";
    default:
      return framing satisfies never;
  }
}

function renderFields(headers: ReplyHeaders): string {
  let lines = "";
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (UNSENDABLE.test(value)) throw new Error(`The field ${name} of an answer holds what no field can`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
