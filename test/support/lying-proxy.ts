// A proxy that lies about writes: it acknowledges them before the server has them, or refuses what the server has made. It stands
// for a server with such a fault, so that whoever looks for one can be tested. Clients must send one request at a time.
import type { Socket } from "node:net";
import type { SeededRandom } from "./seeded-random.ts";
import { addressOf, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A success that is answered before the request is passed on; or a 503 in place of a success. */
export type Lie = "early-acknowledgement" | "false-refusal";

const ACKNOWLEDGED = "HTTP/1.1 204 No Content\r\n\r\n";
const REFUSED = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
const END_OF_HEAD = "\r\n\r\n";
/** One in so many writes without a condition is lied about. */
const LIES = 4;

/** @param target - where the server listens */
export function startLyingProxy(target: string, lie: Lie, random: SeededRandom): Promise<TcpProxy> {
  return startTcpProxy(
    () => addressOf(target),
    (pair) => {
      for (const socket of [pair.client, pair.upstream]) socket.setEncoding("latin1");
      pass({ ...pair, lie, random });
    },
  );
}

interface Passed {
  readonly request: string;
  readonly isLiedAbout: boolean;
}

function pass(parts: { client: Socket; upstream: Socket; lie: Lie; random: SeededRandom }): void {
  const { client, upstream, lie, random } = parts;
  const waiting: Passed[] = [];
  let underWay: Passed | null = null;
  const next = () => {
    underWay = waiting.shift() ?? null;
    if (underWay !== null) upstream.write(underWay.request, "latin1");
  };
  onMessages(client, (request) => {
    const isPlainPut = request.startsWith("PUT ") && !request.includes("\r\nIf-");
    const isLiedAbout = isPlainPut && random.oneIn(LIES);
    if (isLiedAbout && lie === "early-acknowledgement") client.write(ACKNOWLEDGED);
    waiting.push({ request, isLiedAbout });
    if (underWay === null) next();
  });
  onMessages(upstream, (answer) => {
    if (underWay?.isLiedAbout !== true) client.write(answer, "latin1");
    else if (lie === "false-refusal") client.write(REFUSED);
    next();
  });
  upstream.on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
}

/** Calls back with each message that has a Content-Length, or no body. */
function onMessages(socket: Socket, whole: (message: string) => void): void {
  let received = "";
  socket.on("data", (text: string) => {
    received += text;
    for (;;) {
      const headEnd = received.indexOf(END_OF_HEAD);
      if (headEnd < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? 0);
      const end = headEnd + END_OF_HEAD.length + length;
      if (received.length < end) return;
      const message = received.slice(0, end);
      received = received.slice(end);
      whole(message);
    }
  });
}
