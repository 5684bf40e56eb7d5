// A raw HTTP/1.1 client: sends a target byte for byte as written, where fetch and URL would mend it first, and can send
// less than it promised. It reads framing strictly and nothing else; a connection serves one request.
import { connect, type Socket } from "node:net";
import {
  bodyBytes,
  type HttpAnswer,
  type HttpClient,
  type HttpRequest,
  type HttpStream,
  makeAnswer,
} from "./http-client.ts";

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const LINE_END = "\r\n";

export function makeSocketClient(url: string): HttpClient {
  return {
    async send(request) {
      const socket = await openSocket(url);
      try {
        socket.write(renderRequest(request, new URL(url).host));
        return await readAnswer(socket, request.method === "HEAD");
      } finally {
        socket.destroy();
      }
    },
    async open(request) {
      const socket = await openSocket(url);
      socket.write(renderRequest(request, new URL(url).host));
      return readStream(socket);
    },
  };
}

/** An answer whose body is read as it comes. Its end is seen, or that there is none. */
async function readStream(socket: Socket): Promise<HttpStream> {
  const chunks = socket[Symbol.asyncIterator]();
  let received: Buffer = Buffer.alloc(0);
  const more = async () => {
    const { done, value } = await chunks.next();
    if (done === true) throw new Error("The connection ended inside an answer");
    received = Buffer.concat([received, value]);
  };
  while (received.indexOf(END_OF_HEAD) < 0) await more();
  const headEnd = received.indexOf(END_OF_HEAD);
  const [statusLine = "", ...lines] = received.subarray(0, headEnd).toString("latin1").split(LINE_END);
  received = received.subarray(headEnd + END_OF_HEAD.length);
  const headers = Object.fromEntries(lines.map(splitField));
  async function* texts(): AsyncGenerator<string> {
    if (headers["transfer-encoding"] !== "chunked") throw new Error("The answer is no stream");
    const decoder = new TextDecoder();
    for (;;) {
      const lineEnd = received.indexOf(LINE_END);
      const length = lineEnd < 0 ? -1 : Number.parseInt(received.subarray(0, lineEnd).toString(), 16);
      const end = lineEnd + LINE_END.length + length;
      if (lineEnd < 0 || received.length < end + LINE_END.length) {
        await more();
        continue;
      }
      if (length === 0) return;
      const text = decoder.decode(received.subarray(lineEnd + LINE_END.length, end), { stream: true });
      received = received.subarray(end + LINE_END.length);
      yield text;
    }
  }
  return { status: Number(statusLine.split(" ")[1]), headers, texts, close: () => socket.destroy() };
}

/** A connection that the test writes to by itself. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** One answer, whole. @throws Error when the connection ends before */
export async function readAnswer(socket: Socket, isHead: boolean): Promise<HttpAnswer> {
  let received = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const settle = (hasEnded: boolean) => {
      const answer = parseAnswer(received, isHead, hasEnded);
      if (answer !== null) resolve(answer);
      else if (hasEnded) reject(new Error(`The connection ended inside an answer: ${received.toString("latin1")}`));
    };
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      settle(false);
    });
    socket.on("error", reject);
    socket.on("close", () => settle(true));
  });
}

function renderRequest({ method, target, headers, body }: HttpRequest, host: string): Buffer {
  const isChunked = Object.keys(headers).some((name) => name.toLowerCase() === "transfer-encoding");
  const bytes = Buffer.from(bodyBytes(body));
  const framing: Record<string, string> = body === null || isChunked ? {} : { "Content-Length": String(bytes.length) };
  const fields = Object.entries({ Host: host, ...framing, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${target} HTTP/1.1`, ...fields, "", ""].join(LINE_END);
  return Buffer.concat([Buffer.from(head, "latin1"), isChunked ? inChunks(bytes) : bytes]);
}

/** Two chunks at least, so that none can be taken for the whole. */
function inChunks(bytes: Buffer): Buffer {
  const half = Math.ceil(bytes.length / 2);
  const chunks = [bytes.subarray(0, half), bytes.subarray(half)].filter(({ length }) => length > 0);
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}${LINE_END}`),
    chunk,
    Buffer.from(LINE_END),
  ]);
  return Buffer.concat([...parts, Buffer.from(`0${LINE_END}${LINE_END}`)]);
}

/** Null while there is more to come. */
function parseAnswer(received: Buffer, isHead: boolean, hasEnded: boolean): HttpAnswer | null {
  const headEnd = received.indexOf(END_OF_HEAD);
  if (headEnd < 0) return null;
  const [statusLine = "", ...lines] = received.subarray(0, headEnd).toString("latin1").split(LINE_END);
  const status = Number(statusLine.split(" ")[1]);
  const headers = Object.fromEntries(lines.map(splitField));
  const rest = received.subarray(headEnd + END_OF_HEAD.length);
  // "100 Continue" goes before the answer.
  if (status < 200) return parseAnswer(rest, isHead, hasEnded);
  if (isHead || status === 204 || status === 304) return makeAnswer(status, headers, new Uint8Array());
  if (headers["transfer-encoding"] !== undefined) {
    const body = joinChunks(rest);
    return body === null ? null : makeAnswer(status, headers, body);
  }
  const length = headers["content-length"];
  if (length === undefined) return hasEnded ? makeAnswer(status, headers, rest) : null;
  return rest.length < Number(length) ? null : makeAnswer(status, headers, rest.subarray(0, Number(length)));
}

/** Null before the last chunk. */
function joinChunks(text: Buffer): Buffer | null {
  const chunks: Buffer[] = [];
  for (let position = 0; ; ) {
    const lineEnd = text.indexOf(LINE_END, position);
    if (lineEnd < 0) return null;
    const length = Number.parseInt(text.subarray(position, lineEnd).toString(), 16);
    const end = lineEnd + 2 + length;
    if (text.length < end + 2) return null;
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(text.subarray(lineEnd + 2, end));
    position = end + 2;
  }
}

/** @throws Error on a field that is sent twice: no answer of ours does */
function splitField(line: string, index: number, lines: readonly string[]): readonly [string, string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).toLowerCase();
  const isRepeated = lines.slice(0, index).some((other) => other.toLowerCase().startsWith(`${name}:`));
  if (isRepeated) throw new Error(`The answer has the field ${name} twice`);
  return [name, line.slice(colon + 1).trim()];
}
