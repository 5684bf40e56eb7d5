// Tests of answer-reader.ts.
import { describe, expect, test } from "bun:test";
import { AnswerReader, UnreadableAnswer } from "./answer-reader.ts";

const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: a\r\n\r\n";
const WITH_LENGTH = "HTTP/1.1 201 Created\r\nContent-Type: a/b\r\ncontent-length: 7\r\nDate: x\r\n\r\nab\r\n\r\nc";
const NO_CONTENT = "HTTP/1.1 204 No Content\r\nETag: 1\r\n\r\n";

/** Gives an answer in parts that are cut at these places; the number of the part that made it whole, from 1. */
function wholeAt(answer: string, cuts: readonly number[], isHead = false): { part: number; reader: AnswerReader } {
  const reader = new AnswerReader();
  reader.begin(isHead);
  const places = [0, ...cuts, answer.length];
  let part = 0;
  for (let index = 1; index < places.length; index++) {
    const bytes = Buffer.from(answer.slice(places[index - 1], places[index]));
    if (reader.take(bytes)) part = index;
  }
  return { part, reader };
}

describe("an answer", () => {
  test.each([
    ["with chunks and a trailer", CHUNKED, 200],
    ["with a length, which looks like the end of a head", WITH_LENGTH, 201],
    ["without content", NO_CONTENT, 204],
  ])("%s is whole at its last byte, wherever it is cut", (_, answer, status) => {
    expect(wholeAt(answer, []).part).toBe(1);
    for (let cut = 1; cut < answer.length; cut++) {
      const { part, reader } = wholeAt(answer, [cut]);
      expect({ cut, part, status: reader.status }).toEqual({ cut, part: 2, status });
    }
    const each = Array.from({ length: answer.length - 1 }, (__, index) => index + 1);
    expect(wholeAt(answer, each).part).toBe(answer.length);
  });

  test("to HEAD ends with its head", () => {
    expect(wholeAt("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", [], true).part).toBe(1);
  });

  test("says whether the connection closes behind it", () => {
    const closing = wholeAt("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", []);
    expect([closing.part, closing.reader.isLast]).toEqual([1, true]);
    expect(wholeAt(WITH_LENGTH, []).reader.isLast).toBe(false);
  });

  test("that is a refusal shows what it began with", () => {
    expect(wholeAt("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy", []).reader.excerpt()).toBe("busy");
  });

  test("follows another on the same connection", () => {
    const reader = new AnswerReader();
    for (const answer of [CHUNKED, WITH_LENGTH, NO_CONTENT, CHUNKED]) {
      reader.begin(false);
      expect(reader.take(Buffer.from(answer))).toBe(true);
    }
  });

  test.each([
    ["that is followed by more", `${WITH_LENGTH}x`],
    ["that is no HTTP", "SSH-2.0-x\r\n\r\n"],
    ["without an end that can be known", "HTTP/1.1 200 OK\r\n\r\n"],
    ["whose chunk has no size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
  ])("%s is refused", (_, answer) => {
    expect(() => wholeAt(answer, [])).toThrow(UnreadableAnswer);
  });
});
