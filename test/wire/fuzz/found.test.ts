// What fuzzing has found in the transport, as the shortest stream and delivery that show it.
import { expect, test } from "bun:test";
import { readAnswers } from "./answers.ts";
import { type Delivery, PLAIN } from "./delivery.ts";
import { refusalKey } from "./judge.ts";
import type { Play } from "./play.ts";
import { makeContext, playAll } from "./round.ts";

const GET = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";

/** Plays streams side by side on one server. */
function play(streams: readonly string[], delivery: Partial<Delivery> = {}): Promise<readonly Play[]> {
  return playAll(
    streams.map((stream) => ({ stream, delivery: { ...PLAIN, ...delivery } })),
    makeContext(),
  );
}

async function playOne(stream: string, delivery: Partial<Delivery> = {}): Promise<Play> {
  const [only] = await play([stream], delivery);
  if (only === undefined) throw new Error("Nothing was played");
  return only;
}

function statusesOf({ socket }: Play): readonly number[] {
  return readAnswers(socket.sent, () => false, true).map(({ status }) => status);
}

test("what a slow client has not taken of its answer is not written over by another's", async () => {
  const plays = await play([GET, GET, `${GET}${GET}`, "nonsense\r\n\r\n"], { windowBytes: 50 });
  expect(plays.map(statusesOf)).toEqual([[200], [200], [200, 200], [400]]);
});

test("a pipelined head that comes in two pieces keeps the fields of its first", async () => {
  const second = "PUT /b HTTP/1.1\r\nHost: b.example\r\nContent-Length: 3\r\n\r\nabc";
  const cut = `${GET}PUT /b HTTP/1.1\r\nHost: b.example\r\nContent-Length: 3\r\n`.length;
  const { taken, refusal } = await playOne(`${GET}${second}${GET}`, { cuts: [cut] });
  expect(refusal).toBeNull();
  expect(taken.map(({ method, body, fields }) => [method, fields.get("host"), body])).toEqual([
    ["GET", "a.example", ""],
    ["PUT", "b.example", "abc"],
    ["GET", "a.example", ""],
  ]);
});

test("a client that closes its side gets the last answer whole, however slowly it takes it", async () => {
  const refused = await playOne("nonsense\r\n\r\n", { windowBytes: 50, isClosedAtOnce: true });
  expect(statusesOf(refused)).toEqual([400]);
});

test("a client that closes its side within a body that nobody reads is let go", async () => {
  const head = "PUT /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\n";
  const { isOver, taken } = await playOne(`${head}abc`, { reads: "nothing" });
  expect({ isOver, taken: taken.length }).toEqual({ isOver: true, taken: 1 });
});

test("CONNECT is refused, whatever its target", async () => {
  for (const target of ["/a", "a.example:443", "http://a.example/", "*"]) {
    const tunnel = await playOne(`CONNECT ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n${GET}`);
    expect([refusalKey(tunnel), tunnel.taken.length]).toEqual(["target", 0]);
  }
});

test("a bare LF before a request line is refused as the line break that it is", async () => {
  expect(refusalKey(await playOne(`\n${GET}`))).toBe("line-break");
});

test("fields that frame, route or end a message are refused behind its body", async () => {
  const post = "POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n";
  for (const field of ["Content-Length: 3", "transfer-encoding: chunked", "Host: b.example", "CONNECTION: close"]) {
    const { refusal, taken } = await playOne(`${post}X: y\r\n${field}\r\n\r\n${GET}`);
    expect([refusal?.rule, taken.length]).toEqual(["trailer", 0]);
  }
  expect((await playOne(`${post}X: y\r\nContent-Lengths: 3\r\n\r\n${GET}`)).taken).toHaveLength(2);
});

test("a fragment right behind the host of a target is refused", async () => {
  const targeting = (target: string) => playOne(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
  expect(refusalKey(await targeting("http://a.example#e?q"))).toBe("target");
  expect((await targeting("http://a.example?q")).taken.map(({ target }) => target)).toEqual(["/?q"]);
});
