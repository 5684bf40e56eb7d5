// What one connection of the fuzzing sends, drawn from a seed of its own: some mutated requests, the last of which may be no request
// at all, in which pieces they go, and how the client ends.
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { changeText, PART_MUTATIONS } from "./request-mutations.ts";
import { HEAVY_ODDS, isHeavy, type WholeRequest } from "./route-requests.ts";

export interface DrawnConnection {
  readonly seed: number;
  /** Of octets, one a character. */
  readonly stream: string;
  /** How many requests were put into it. */
  readonly requests: number;
  /** Where it is cut into pieces, which are sent one after the other, ascending. */
  readonly cuts: readonly number[];
  /**
   * How the client ends: it says at once that it sends no more, or once all that it waits for has come, or it is gone in the
   * middle, or it stays, so that the server's deadlines have to end it.
   */
  readonly ends: "at-once" | "answered" | "leaves" | "stays";
}

export interface Draw {
  readonly seed: number;
  /** Requests to begin with. */
  readonly requests: readonly WholeRequest[];
  /** The token that leads into all routes. */
  readonly secret: string;
}

const REQUESTS_MAX = 8;
const CUTS_MAX = 60;
/** One connection in so many stays; each takes as long as the server's deadlines. */
const STAYS_ODDS = 400;
const ODD_LENGTHS: readonly ((length: number) => string)[] = [
  (n) => String(n + 1),
  (n) => String(Math.max(0, n - 1)),
  (n) => `${n}, ${n}`,
  (n) => `+${n}`,
  (n) => `0${n}`,
  (n) => `${n}\r\nContent-Length: ${n}`,
  () => "18446744073709551616",
  () => "-1",
  () => "",
];
const ODD_SIZES: readonly ((size: string) => string)[] = [
  (n) => `0x${n}`,
  (n) => `${n};a="b`,
  (n) => `-${n}`,
  (n) => ` ${n}`,
  (n) => `1${n.padStart(16, "0")}`,
  () => "ffffffffffffffff",
  () => "7fffffff",
  () => "",
];

export function drawConnection({ seed, requests, secret }: Draw): DrawnConnection {
  const random = makeSeededRandom(seed);
  const count = 1 + random.below(REQUESTS_MAX);
  let stream = "";
  for (let index = 0; index < count; index++) {
    const changed = mutate(pickRequest(requests, random), random);
    const whole = { ...changed, fields: [...usualFields(secret, random), ...changed.fields] };
    const isLast = index + 1 === count;
    const octets = serialise(whole, random, isLast && random.oneIn(3));
    stream += isLast && random.oneIn(2) ? changeText(octets, random) : octets;
  }
  return { seed, stream, requests: count, cuts: drawCuts(stream.length, random), ends: drawEnd(random) };
}

function pickRequest(requests: readonly WholeRequest[], random: SeededRandom): WholeRequest {
  const picked = random.pick(requests);
  return isHeavy(picked) && !random.oneIn(HEAVY_ODDS) ? pickRequest(requests, random) : picked;
}

function mutate(request: WholeRequest, random: SeededRandom): WholeRequest {
  let changed = request;
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0; left--)
    changed = random.pick(PART_MUTATIONS)(changed, random);
  return changed;
}

/** Now and then without them. */
function usualFields(secret: string, random: SeededRandom): WholeRequest["fields"] {
  const host = random.oneIn(50) ? [] : [["Host", "localhost"] as const];
  return random.oneIn(25) ? host : [...host, ["Authorization", `Bearer ${secret}`] as const];
}

/** @param isOdd - whether the frame of the body is another than it should be */
function serialise({ method, target, fields, body }: WholeRequest, random: SeededRandom, isOdd: boolean): string {
  const isChunked = body !== "" && random.oneIn(3);
  const length = isOdd ? random.pick(ODD_LENGTHS)(body.length) : String(body.length);
  const framing = isChunked
    ? ["Transfer-Encoding: chunked"]
    : body === "" && !isOdd
      ? []
      : [`Content-Length: ${length}`];
  const lines = [
    `${method} ${target} HTTP/1.${random.oneIn(60) ? 0 : 1}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ];
  const head = `${[...lines, ...framing].join("\r\n")}\r\n\r\n`;
  return head + (isChunked ? chunksOf(body, random, isOdd) : body);
}

function chunksOf(body: string, random: SeededRandom, isOdd: boolean): string {
  const size = 1 + random.below(body.length);
  let chunks = "";
  for (let at = 0; at < body.length; at += size) {
    const piece = body.slice(at, at + size);
    const digits = piece.length.toString(16);
    chunks += `${isOdd && random.oneIn(2) ? random.pick(ODD_SIZES)(digits) : digits}\r\n${piece}\r\n`;
    if (chunks.length > 4 * body.length + 10_000) break;
  }
  return `${chunks}0\r\n${random.oneIn(8) ? "X-T: y\r\n" : ""}\r\n`;
}

function drawCuts(length: number, random: SeededRandom): readonly number[] {
  const count = random.pick([0, 0, 0, 0, 1, 2, 5, random.oneIn(10) ? CUTS_MAX : 1]);
  return Array.from({ length: count }, () => random.below(length + 1)).toSorted((a, b) => a - b);
}

function drawEnd(random: SeededRandom): DrawnConnection["ends"] {
  if (random.oneIn(STAYS_ODDS)) return "stays";
  return random.pick(["at-once", "at-once", "at-once", "answered", "answered", random.oneIn(3) ? "leaves" : "at-once"]);
}
