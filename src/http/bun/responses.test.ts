// What is refused where clients hold as much as may be held: reads, and never the answer to what has been done.
import { expect, test } from "bun:test";
import { rejectionOf } from "../../../test/support/rejection-code.ts";
import { Responses } from "./responses.ts";

const LARGE = { status: 200, headers: {}, body: new Uint8Array(4 * 1024 * 1024) };
const STALLED = 7;

test("beyond the room for large answers a read is told to come again, and a write is answered all the same", async () => {
  const responses = new Responses(() => 1000);
  const request = { method: "GET", isBodyLeft: false, expectSilence: () => {}, expectTaking: () => {} };
  const readers = Array.from({ length: STALLED }, () => responses.make(LARGE, request).body?.getReader());
  const firsts = readers.map((reader) => reader?.read());
  await firsts[0];
  await new Promise(setImmediate);
  const refusalOf = (method: string) => rejectionOf(() => responses.requireRoom(LARGE, { method }));
  for (const method of ["GET", "QUERY"]) expect((await refusalOf(method))?.code).toBe("busy");
  for (const method of ["PUT", "PATCH", "POST", "DELETE", "HEAD"]) expect(await refusalOf(method)).toBeNull();
  await Promise.all(readers.map((reader) => reader?.cancel()));
  expect(await refusalOf("GET")).toBeNull();
});
