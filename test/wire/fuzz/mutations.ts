// What is done to a stream of requests before it is sent: bytes flipped, put in, taken out, moved; tokens put in where they may
// hurt; two streams spliced; the end cut off. Most streams get few mutations, so that a parser is led deep before it meets one.
import type { SeededRandom } from "../../support/seeded-random.ts";
import { makeRequest, makeRequests } from "./corpus.ts";

/** A range of a stream that is copied or taken out has at most so many bytes. */
const RANGE_BYTES_MAX = 40;
// biome-ignore format: as a table it stays short
const NUMBERS = [
  "0", "1", "-1", "00", "2147483648", "4294967296", "9007199254740992", "18446744073709551615", "18446744073709551616",
  "1e3", "0x10", "F",
];

// biome-ignore format: as a table it stays short
const TOKENS = [
  "\r", "\n", "\r\n", "\r\n\r\n", "\n\n", "\r\r", " ", "\t", "\0", "\x0b", "\f", "\x7f", "\x80", "\xff", "\xc3\xa9",
  ":", ";", ",", "=", "\"", "\\", "/", "?", "#", "%", "%00", "*", "0", "0\r\n\r\n", "0\r\n", "5\r\nhello\r\n", ";a=b",
  ";a=\"b\"", "HTTP/1.1", "HTTP/1.0", " HTTP/1.1\r\n", "GET ", "POST / HTTP/1.1\r\n", "close", "chunked", "keep-alive",
  "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: identity\r\n", "Host: b.example\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
  "Expect: 100-continue\r\n", "X: y\r\n", " folded\r\n", "\tfolded\r\n", "\r\nContent-Length: 3",
  "\r\nTransfer-Encoding: chunked", "chunked, ", "Content-Length",
];

type Mutation = (stream: string, random: SeededRandom) => string;

const MUTATIONS: readonly Mutation[] = [
  // One bit of a byte, one byte by any other, by one that means something.
  (stream, random) => edit(stream, random, (octet) => String.fromCharCode(octet ^ (1 << random.below(8)))),
  (stream, random) => edit(stream, random, () => String.fromCharCode(random.below(256))),
  (stream, random) => edit(stream, random, () => random.pick(TOKENS)),
  (stream, random) => insert(stream, random, String.fromCharCode(random.below(256))),
  (stream, random) => insert(stream, random, random.pick(TOKENS)),
  (stream, random) => insert(stream, random, random.pick(TOKENS)),
  (stream, random) => edit(stream, random, () => ""),
  (stream, random) => {
    const { start, end } = range(stream, random);
    return stream.slice(0, start) + stream.slice(end);
  },
  (stream, random) => {
    const { start, end } = range(stream, random);
    return stream.slice(0, end) + stream.slice(start, end) + stream.slice(end);
  },
  (stream, random) => {
    const at = random.below(Math.max(1, stream.length - 1));
    return stream.slice(0, at) + stream.charAt(at + 1) + stream.charAt(at) + stream.slice(at + 2);
  },
  // At the end of a line, where most of the grammar is.
  (stream, random) => atLine(stream, random, (line) => line + random.pick(TOKENS)),
  (stream, random) => atLine(stream, random, (line) => random.pick(TOKENS) + line),
  (stream, random) => atLine(stream, random, (line) => `${line}\r\n${line}`),
  (stream, random) => atLine(stream, random, () => ""),
  (stream, random) =>
    atLine(stream, random, (line) => line.replace(": ", random.pick([":", " : ", ":\t", " :", ":\r\n ", ":  "]))),
  (stream, random) =>
    atLineEnd(stream, random, random.pick(["\n", "\r", "", "\r\r\n", "\n\r", "\r\n ", "\r\n\t", "\r\n\r\n", "\r\0\n"])),
  // A number, or a space.
  (stream, random) =>
    atMatch(stream, random, /[0-9]+/g, (found) =>
      random.pick([...NUMBERS, `${found}0`, `0${found}`, String(Number(found) + 1)]),
    ),
  (stream, random) => atMatch(stream, random, / /g, () => random.pick(["", "  ", "\t", "\r\n ", "\x0b", "\0"])),
  (stream, random) =>
    atMatch(stream, random, /[A-Za-z]+/g, (found) => (random.oneIn(2) ? found.toUpperCase() : found.toLowerCase())),
  // Two streams in one; the end cut off; more behind it.
  (stream, random) => {
    const other = makeRequests(random);
    return stream.slice(0, random.below(stream.length + 1)) + other.slice(random.below(other.length + 1));
  },
  (stream, random) => stream.slice(0, random.below(stream.length + 1)),
  (stream, random) => stream + makeRequest(random),
];

/** The stream that a seed stands for. */
export function makeStream(random: SeededRandom): string {
  let stream = makeRequests(random);
  const mutations = random.pick([0, 0, 0, 1, 1, 1, 1, 1, 2, 3]);
  for (let index = 0; index < mutations; index++) stream = random.pick(MUTATIONS)(stream, random);
  return stream;
}

function edit(stream: string, random: SeededRandom, by: (octet: number) => string): string {
  if (stream === "") return stream;
  const at = random.below(stream.length);
  return stream.slice(0, at) + by(stream.charCodeAt(at)) + stream.slice(at + 1);
}

function insert(stream: string, random: SeededRandom, token: string): string {
  const at = random.below(stream.length + 1);
  return stream.slice(0, at) + token + stream.slice(at);
}

function range(stream: string, random: SeededRandom): { readonly start: number; readonly end: number } {
  const start = random.below(stream.length + 1);
  return { start, end: Math.min(stream.length, start + random.below(RANGE_BYTES_MAX)) };
}

function atLine(stream: string, random: SeededRandom, by: (line: string) => string): string {
  const lines = stream.split("\r\n");
  const at = random.below(lines.length);
  return lines.map((line, index) => (index === at ? by(line) : line)).join("\r\n");
}

function atLineEnd(stream: string, random: SeededRandom, end: string): string {
  return atMatch(stream, random, /\r\n/g, () => end);
}

function atMatch(stream: string, random: SeededRandom, pattern: RegExp, by: (found: string) => string): string {
  const matches = [...stream.matchAll(pattern)];
  if (matches.length === 0) return stream;
  const { index, 0: found } = random.pick(matches);
  return stream.slice(0, index) + by(found) + stream.slice(index + found.length);
}
