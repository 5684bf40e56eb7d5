// A pipeline that its client ends at each of its bytes in turn: what was whole is answered, what was not is refused, and written is
// only what was whole.
import { ask, type ExpectedAnswer, end, KEY, put, putChunks, type WireCase } from "../wire-case.ts";

const REQUESTS = [
  { text: put(["Content-Length: 5"], "hello"), bodyBytes: 5, answer: { status: 201 } },
  { text: ask(`GET /${KEY}`), bodyBytes: 0, answer: { status: 200, body: "hello" } },
  { text: putChunks("5\r\nworld\r\n0\r\n\r\n"), bodyBytes: "5\r\nworld\r\n0\r\n\r\n".length, answer: { status: 204 } },
] as const;
const PIPELINE = REQUESTS.map(({ text }) => text).join("");
const IN_HEAD = { status: 400, code: "invalid-request", rule: "truncated" } as const;
const IN_BODY = { status: 400, code: "invalid-request" } as const;

/** One case for each number of bytes, from none to all. */
export function endings(): readonly WireCase[] {
  return Array.from({ length: PIPELINE.length + 1 }, (_, bytes) => endedAfter(bytes));
}

function endedAfter(bytes: number): WireCase {
  const answers: ExpectedAnswer[] = [];
  let stored: string | null = null;
  let start = 0;
  for (const { text, bodyBytes, answer } of REQUESTS) {
    const sent = bytes - start;
    if (sent >= text.length) {
      answers.push(answer);
      if (answer.status !== 200) stored = answer.status === 201 ? "hello" : "world";
    } else if (sent > 0) {
      answers.push(sent < text.length - bodyBytes ? IN_HEAD : IN_BODY);
    }
    start += text.length;
  }
  const name = `a pipeline that ends behind ${bytes} bytes`;
  return { name, steps: [PIPELINE.slice(0, bytes), end], answers, afterwards: "closed", stored, isDripped: false };
}
