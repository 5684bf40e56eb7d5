// How a stream reaches the server and what its handler does: at which points it is cut, whether the server gets to run between two
// pieces, how fast answers are taken, when the client closes its side, whether the body is read, and how it is answered.
import type { SeededRandom } from "../../support/seeded-random.ts";

export interface Delivery {
  /** Places in the stream, ascending. */
  readonly cuts: readonly number[];
  /** Whether the server runs before the next piece comes: of every piece, of none, of every other. */
  readonly waits: "always" | "never" | "sometimes";
  /** Whether the client closes its side at once behind the last piece, as `nc -N` does; else once the server has come to rest. */
  readonly isClosedAtOnce: boolean;
  /** What is taken of the answers at once, in bytes. */
  readonly windowBytes: number;
  /** Turns of the event loop before the handler reads, and before it answers. */
  readonly delayTurns: number;
  /** How much of a body the handler reads: all, if it is no longer than LITTLE_BYTES, or nothing. */
  readonly reads: "all" | "little" | "nothing";
  /** The client is gone, without having closed its side, behind so many pieces; null where it stays. */
  readonly leavesBehind: number | null;
  readonly answers: "text" | "bytes" | "stream" | "nothing" | "large";
}

/** In one piece, read whole and answered at once. */
export const PLAIN: Delivery = {
  cuts: [],
  waits: "always",
  isClosedAtOnce: false,
  windowBytes: 1 << 20,
  delayTurns: 0,
  reads: "all",
  leavesBehind: null,
  answers: "text",
};

export const LITTLE_BYTES = 10;
/** More pieces than this take long, and show nothing more. */
const PIECES_MAX = 200;
const USUAL_WINDOW_BYTES = 1 << 20;

export function makeDelivery(stream: string, random: SeededRandom): Delivery {
  const cuts = makeCuts(stream, random);
  return {
    cuts,
    waits: random.pick(["always", "always", "never", "sometimes"]),
    isClosedAtOnce: random.oneIn(4),
    windowBytes: random.pick([USUAL_WINDOW_BYTES, USUAL_WINDOW_BYTES, USUAL_WINDOW_BYTES, 1000, 170]),
    delayTurns: random.pick([0, 0, 0, 1, 3]),
    reads: random.pick(["all", "all", "all", "all", "all", "all", "little", "nothing"]),
    leavesBehind: random.oneIn(24) ? random.below(1 + cuts.length) : null,
    answers: random.oneIn(200) ? "large" : random.pick(["text", "text", "text", "bytes", "stream", "nothing"]),
  };
}

/** The stream in its pieces, none of them empty. */
export function piecesOf(stream: string, { cuts }: Delivery): readonly string[] {
  const places = [0, ...cuts.filter((at) => at <= stream.length), stream.length];
  return places
    .slice(1)
    .map((end, index) => stream.slice(places[index], end))
    .filter((piece) => piece !== "");
}

function makeCuts(stream: string, random: SeededRandom): readonly number[] {
  const some = (count: number) =>
    Array.from({ length: count }, () => random.below(stream.length + 1)).toSorted((a, b) => a - b);
  switch (random.below(8)) {
    case 0:
    case 1:
      return [];
    case 2:
      // Around and within the ends of lines.
      return [...stream.matchAll(/[\r\n]/g)]
        .flatMap(({ index }) => (random.oneIn(2) ? [index + random.below(2)] : []))
        .slice(0, PIECES_MAX);
    case 3:
      return random.oneIn(4)
        ? Array.from({ length: Math.min(stream.length, PIECES_MAX) }, (_, index) => index)
        : some(1);
    default:
      return some(1 + random.below(random.pick([2, 4, 12])));
  }
}
