// The head of a reply: its lines as they go on the wire, and what can never be one of them.
import { describe, expect, test } from "bun:test";
import { type ReplyHead, renderHead } from "./reply-head.ts";

const HEAD: ReplyHead = {
  status: 200,
  headers: { "Content-Type": "text/plain", ETag: '"1.a"' },
  framing: { is: "length", length: 5 },
  persistence: "default",
  date: "Sun, 06 Nov 1994 08:49:37 GMT",
};
const OWN = 'Content-Type: text/plain\r\nETag: "1.a"\r\n';
const DATE = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

describe("the head of a reply", () => {
  test.each([
    ["of a known length", HEAD, `HTTP/1.1 200 OK\r\n${DATE}Content-Length: 5\r\n${OWN}\r\n`],
    [
      "in chunks",
      { ...HEAD, framing: { is: "chunked" } },
      `HTTP/1.1 200 OK\r\n${DATE}Transfer-Encoding: chunked\r\n${OWN}\r\n`,
    ],
    [
      "without a body, on a connection that ends",
      { ...HEAD, status: 204, framing: { is: "none" }, persistence: "close" },
      `HTTP/1.1 204 No Content\r\n${DATE}Connection: close\r\n${OWN}\r\n`,
    ],
    [
      "on a connection that a client of HTTP/1.0 keeps",
      { ...HEAD, persistence: "keep-alive" },
      `HTTP/1.1 200 OK\r\n${DATE}Connection: keep-alive\r\nContent-Length: 5\r\n${OWN}\r\n`,
    ],
    ["of a status without a name", { ...HEAD, status: 299 }, `HTTP/1.1 299 \r\n${DATE}Content-Length: 5\r\n${OWN}\r\n`],
  ] as const)("%s", (_what, head, text) => {
    expect(renderHead(head)).toBe(text);
  });

  test.each(["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "a€b"])("is not made with the value %j", (value) => {
    expect(() => renderHead({ ...HEAD, headers: { "X-Any": value } })).toThrow("holds what no field can");
  });

  test("takes tabs, and octets that mean nothing to HTTP", () => {
    expect(renderHead({ ...HEAD, headers: { "X-Any": "a\tb\xe9" } })).toContain("X-Any: a\tb\xe9\r\n");
  });
});
