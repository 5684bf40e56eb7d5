// Node's own HTTP server as a witness: started with `node`, it is given request streams in batches on its standard input and
// says on its standard output which messages its parser (llhttp, with the default, strict options) took from each, and how each
// ended. One line of JSON a batch. Plain JavaScript: it runs on Node, the rest of the tests on Bun.
//
// A batch is a length in bytes (u32, big-endian) and as many bytes of streams, each with its own length before it.
import http from "node:http";
import { Duplex } from "node:stream";

/** Above every limit of Keyhold's, so that none of Node's is met first. */
const HEAD_BYTES_MAX = 256 * 1024;
/** Turns of the event loop in which nothing is read any more after which a batch is answered. */
const QUIET_TURNS = 2;
/** A stream is asked again with a byte mended at most so often. */
const MENDS_MAX = 4096;
const HIGH = 0x80;
const SPACE = 0x20;
/** Of what Node does not tell. */
const UNSAID = "refused behind an upgrade";
const TAB_CODES = ["HPE_INVALID_CONTENT_LENGTH", "HPE_INVALID_TRANSFER_ENCODING", UNSAID];
const TABBED = /^((?:content-length:[ \t]*[0-9]+|transfer-encoding:[ \t]*chunked) *)\t[ \t]*\r\n/gim;
/** Blanks behind a value that are looked at, where the parser stopped at the first. */
const TAB_REACH_BYTES = 100;

/** Bytes that have been read and requests that have ended so far: as long as it grows, a batch is not done. */
let progress = 0;

class MemorySocket extends Duplex {
  /** Of each head that was parsed, in order. */
  exchanges = [];
  /** { code, at }, once the parser has refused. */
  refusal = null;
  /** Bytes that the parser has passed. */
  passed = 0;

  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}
}

/** Node makes one for each head, also for those that it answers by itself (no Host, an unknown expectation). */
class NotedResponse extends http.ServerResponse {
  constructor(request, options) {
    super(request, options);
    request.socket.exchanges.push({ request, response: this, isHandled: false, parts: [] });
  }
}

const server = http.createServer(
  { ServerResponse: NotedResponse, maxHeaderSize: HEAD_BYTES_MAX },
  (request, response) => {
    const exchange = request.socket.exchanges.findLast((each) => each.request === request);
    exchange.isHandled = true;
    request.on("data", (part) => {
      progress++;
      exchange.parts.push(part);
    });
    request.on("end", () => {
      progress++;
      response.end("ok");
    });
    request.on("error", () => {});
  },
);
// The socket is left as it is: what came before is still read and answered.
server.on("clientError", (error, socket) => {
  socket.refusal ??= { code: error.code, at: socket.passed + (error.bytesParsed ?? 0) };
});
server.on("connect", (request, socket) => {
  socket.exchanges.push({ request, response: null, isHandled: false, parts: [] });
});

/** Feeds a stream to a connection of its own, in one piece. */
function feed(bytes) {
  const socket = new MemorySocket();
  server.emit("connection", socket);
  readOnAfterUpgrade(socket);
  socket.push(bytes);
  return socket;
}

/**
 * Node drops what stands behind a request with `Connection: Upgrade` in the same packet where nobody listens for upgrades, though
 * it reads on at the next packet (as RFC 9110 §7.8 wants it); and it drops without a word what the parser refuses within such a
 * request and right behind it. Here the rest is given to the parser as if it were the next packet, and a parser that takes
 * nothing of it has refused.
 */
function readOnAfterUpgrade(socket) {
  const { parser } = socket;
  // Parsers are used again, with what was put in their methods' place.
  delete parser.execute;
  const { execute } = parser;
  parser.execute = (packet) => {
    for (let rest = packet; ; rest = packet.subarray(socket.passed)) {
      const result = execute.call(parser, rest);
      // A tunnel takes the rest.
      if (typeof result !== "number" || parser.incoming?.upgrade) return result;
      if (result === 0) socket.refusal = { code: UNSAID, at: socket.passed };
      socket.passed += result;
      if (result === 0 || socket.passed >= packet.length) return packet.length;
    }
  };
}

/**
 * The stream with the byte mended at which the parser stopped, where it is stricter than the RFCs and Keyhold follows them; null
 * for all others. Bytes of UTF-8 in a target are percent-encoded; tabs behind the values of Content-Length and Transfer-Encoding
 * become spaces (RFC 9110 §5.5).
 */
function mended(bytes, { code, at }) {
  const octet = bytes[at];
  const isInTarget =
    code === "HPE_INVALID_URL" || (code === UNSAID && /[A-Z] [/h][^ \r\n]*$/.test(bytes.toString("latin1", 0, at)));
  if (isInTarget && octet >= HIGH) {
    let end = at;
    while (bytes[end] >= HIGH) end++;
    const encoded = [...bytes.subarray(at, end)].map((each) => `%${each.toString(16).toUpperCase()}`).join("");
    return { what: "high", bytes: Buffer.concat([bytes.subarray(0, at), Buffer.from(encoded), bytes.subarray(end)]) };
  }
  if (!TAB_CODES.includes(code)) return null;
  // The length is refused at the tab, the coding at the end of the head.
  const tabbed = [...bytes.toString("latin1", 0, at + TAB_REACH_BYTES).matchAll(TABBED)].at(-1);
  if (tabbed === undefined) return null;
  const copy = Buffer.from(bytes);
  copy.fill(SPACE, tabbed.index + tabbed[1].length, tabbed.index + tabbed[0].length - "\r\n".length);
  return { what: "tab", bytes: copy };
}

/** What the parser made of a stream: the messages that it took whole, in order, and what stands behind the last of them. */
function outcomeOf(socket, mends) {
  const messages = [];
  for (const { request, response, isHandled, parts } of socket.exchanges) {
    const { method, url, httpVersion, rawHeaders } = request;
    const message = [method, url, httpVersion, rawHeaders, Buffer.concat(parts).toString("latin1")];
    const ended = (end) => ({ messages, begun: message, end, code: socket.refusal?.code ?? null, mends });
    if (response === null) return ended("connect");
    // Node's own answer: 400 without a Host, 417.
    if (!isHandled) return ended(`status-${response.statusCode}`);
    if (!request.complete) return ended(endOf(socket));
    messages.push(message);
    if (!response.shouldKeepAlive) return { ...ended("closed"), begun: null };
  }
  return { messages, begun: null, end: endOf(socket), code: socket.refusal?.code ?? null, mends };
}

function endOf(socket) {
  return socket.refusal === null ? "open" : "refused";
}

async function quiet() {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    const before = progress;
    await new Promise((resolve) => setImmediate(resolve));
    if (progress !== before) turns = 0;
  }
}

async function judge(streams) {
  const rows = streams.map((bytes) => ({ bytes, socket: feed(bytes), mends: [] }));
  let again = rows;
  for (let mends = 0; again.length > 0 && mends < MENDS_MAX; mends++) {
    await quiet();
    again = again.filter((row) => {
      const { refusal } = row.socket;
      const better = refusal === null ? null : mended(row.bytes, refusal);
      if (better === null) return false;
      row.bytes = better.bytes;
      row.mends.push(better.what);
      row.socket.destroy();
      row.socket = feed(better.bytes);
      return true;
    });
  }
  const outcomes = rows.map(({ socket, mends }) => outcomeOf(socket, [...new Set(mends)]));
  for (const { socket } of rows) socket.destroy();
  return outcomes;
}

function streamsIn(batch) {
  const streams = [];
  for (let at = 0; at < batch.length; ) {
    const length = batch.readUInt32BE(at);
    streams.push(batch.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return streams;
}

async function main() {
  let held = Buffer.alloc(0);
  for await (const part of process.stdin) {
    held = held.length === 0 ? part : Buffer.concat([held, part]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const end = 4 + held.readUInt32BE(0);
      const outcomes = await judge(streamsIn(held.subarray(4, end)));
      held = held.subarray(end);
      process.stdout.write(`${JSON.stringify(outcomes)}\n`);
    }
  }
  process.exit(0);
}

process.stdout.write(`Node ${process.versions.node}, llhttp ${process.versions.llhttp}\n`);
await main();
