// What a body takes in memory while it comes: as much as the budget knows of, however it is cut into chunks.
import { expect, test } from "bun:test";
import { BodyBudget } from "../body-budget.ts";
import { RequestBody } from "./request-body.ts";

const KIB = 1024;
const BUDGET_BYTES = 64 * KIB;
const MAX_BYTES = 16 * KIB;

function chunkedBody(budget = new BodyBudget(BUDGET_BYTES)) {
  return { budget, body: new RequestBody({ is: "chunked" }, budget, () => {}) };
}

/** Takes these bytes, which are then no more what they were. */
function give(body: RequestBody, text: string): void {
  const bytes = Buffer.from(text);
  body.take(bytes, 0);
  bytes.fill("?");
}

test("a chunked body keeps nothing of the bytes that it came in, which may be a thousand for each of its own", async () => {
  const { body } = chunkedBody();
  const reading = body.read(MAX_BYTES);
  for (let index = 0; index < MAX_BYTES; index++) give(body, `1;${"x".repeat(100)}\r\n${index % 10}\r\n`);
  give(body, "0\r\n\r\n");
  const read = await reading;
  expect(read?.length).toBe(MAX_BYTES);
  expect(Buffer.from(read ?? []).toString()).toBe("0123456789".repeat(MAX_BYTES / 10 + 1).slice(0, MAX_BYTES));
});

test.each([1, 4096, 4097, 10_000])(
  "a chunked body of %p bytes has memory for no more when it is whole",
  async (length) => {
    const { body } = chunkedBody();
    const reading = body.read(MAX_BYTES);
    give(body, `${length.toString(16)}\r\n${"x".repeat(length)}\r\n0\r\n\r\n`);
    expect((await reading)?.buffer.byteLength).toBe(length);
  },
);

test("what has come of a chunked body counts, whatever framed it, and is given back", () => {
  const { body, budget } = chunkedBody();
  void body.read(MAX_BYTES);
  give(body, "1\r\nx\r\n");
  expect(budget.bytes).toBe(1);
  give(body, `2fff\r\n${"x".repeat(0x2fff)}\r\n`);
  expect(budget.bytes).toBe(0x3000);
  body.release();
  expect(budget.bytes).toBe(0);
});

test("a chunked body for which there is no room any more is refused", async () => {
  const { body, budget } = chunkedBody();
  budget.reserve(BUDGET_BYTES - KIB, 0);
  const reading = body.read(MAX_BYTES);
  give(body, "1\r\nx\r\n");
  give(body, `1000\r\n${"x".repeat(0x1000)}\r\n`);
  await expect(reading).rejects.toMatchObject({ code: "busy" });
});
