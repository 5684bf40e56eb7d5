// The parser of replies: whatever the replies and however their bytes are split, the same comes out; and what is no RESP2 is
// refused. Random cases print their seed.
import { describe, expect, test } from "bun:test";
import { type SeededRandom, seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import { type Reply, ReplyError } from "./reply.ts";
import { MalformedReply, RESP_BOUNDS, RespParser } from "./resp-parser.ts";

const encoder = new TextEncoder();
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Wire form and meaning, side by side. */
const CORPUS: readonly (readonly [Uint8Array, Reply])[] = [
  [encoder.encode("+OK\r\n"), "OK"],
  [encoder.encode("+\r\n"), ""],
  [encoder.encode("+OKAY\r\n"), "OKAY"],
  [encoder.encode("+\uFEFFprüfe 😀\r\n"), "\uFEFFprüfe 😀"],
  [encoder.encode(":0\r\n"), 0],
  [encoder.encode(":-0\r\n"), 0],
  [encoder.encode(":-1\r\n"), -1],
  [encoder.encode(":9007199254740991\r\n"), Number.MAX_SAFE_INTEGER],
  [encoder.encode(":-9223372036854775808\r\n"), -(2 ** 63)],
  [encoder.encode("-ERR no such thing\r\n"), new ReplyError("ERR no such thing")],
  [encoder.encode("-LOADING\r\n"), new ReplyError("LOADING")],
  [encoder.encode("$-1\r\n"), null],
  [encoder.encode("$0\r\n\r\n"), new Uint8Array(0)],
  [encoder.encode("$1\r\n$\r\n"), encoder.encode("$")],
  [encoder.encode("$6\r\na\r\nb\r\n\r\n"), encoder.encode("a\r\nb\r\n")],
  [wireOfBulk(ALL_BYTES), ALL_BYTES],
  [encoder.encode("*-1\r\n"), null],
  [encoder.encode("*0\r\n"), []],
  [encoder.encode("*1\r\n*0\r\n"), [[]]],
  [
    encoder.encode("*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n-MOVED 1 h:2\r\n"),
    [1, [encoder.encode("a"), null], new ReplyError("MOVED 1 h:2")],
  ],
];

describe("replies", () => {
  test("of every form are read in one piece", () => {
    for (const [wire, reply] of CORPUS) expect(parse([wire])).toEqual([reply]);
  });

  test("are the same for every split of the stream into two", () => {
    const wire = Buffer.concat(CORPUS.map(([each]) => each));
    const replies = CORPUS.map(([, reply]) => reply);
    for (let at = 0; at <= wire.length; at++) {
      expect(parse([wire.subarray(0, at), wire.subarray(at)])).toEqual(replies);
    }
  });

  test("are the same byte by byte", () => {
    const wire = Buffer.concat(CORPUS.map(([each]) => each));
    expect(parse(inPieces(wire, 1))).toEqual(CORPUS.map(([, reply]) => reply));
  });

  test("are handed on as soon as their last byte has come", () => {
    for (const [wire] of CORPUS) {
      const replies: Reply[] = [];
      const parser = new RespParser((reply) => replies.push(reply));
      parser.push(wire.subarray(0, -1));
      expect(replies).toHaveLength(0);
      parser.push(wire.subarray(-1));
      expect(replies).toHaveLength(1);
    }
  });

  test("do not change when the chunk that they came in is used again", () => {
    const replies: Reply[] = [];
    const parser = new RespParser((reply) => replies.push(reply));
    const chunk = Buffer.from("$3\r\nabc\r\n$5\r\nde");
    parser.push(chunk);
    chunk.fill(0);
    parser.push(encoder.encode("fgh\r\n"));
    expect(replies).toEqual([encoder.encode("abc"), encoder.encode("defgh")]);
  });

  test("do not keep the chunk that they came in", () => {
    const [reply] = parse([Buffer.from(`$3\r\nabc\r\n${"+OK\r\n".repeat(1000)}`)]);
    expect(reply instanceof Uint8Array && reply.buffer.byteLength).toBe(3);
  });

  test("carry the code of an error apart from its message", () => {
    const [reply] = parse([encoder.encode("-MOVED 3999 127.0.0.1:6381\r\n")]);
    expect(reply).toMatchObject({ code: "MOVED", message: "MOVED 3999 127.0.0.1:6381" });
  });

  for (const seed of seedsToTry(1, 30)) {
    test(`at random, in random pieces, are the same: SEED=${seed}`, async () => {
      await withSeed(seed, (random) => {
        const cases = Array.from({ length: 1 + random.below(40) }, () => randomReply(random, 0));
        const wire = Buffer.concat(cases.map(([each]) => each));
        const replies = cases.map(([, reply]) => reply);
        for (let round = 0; round < 20; round++) expect(parse(randomPieces(wire, random))).toEqual(replies);
      });
    });
  }
});

describe("what is no RESP2", () => {
  const malformed = {
    "a type that RESP2 has not": "%1\r\n",
    "text in line": "PONG\r\n",
    "an empty line": "\r\n",
    "a line feed by itself": "+OK\n",
    "a carriage return in a line": "+O\rK\r\n",
    "a length without digits": "$\r\n",
    "a length with a sign alone": "$-\r\n",
    "a length below nothing": "$-2\r\n",
    "a count below nothing": "*-2\r\n",
    "a length with a plus": "$+1\r\na\r\n",
    "a length with a blank": "$ 1\r\na\r\n",
    "an integer with letters": ":12a\r\n",
    "an integer of 20 digits": ":12345678901234567890\r\n",
    "bulk beyond its length": "$1\r\nab\r\n",
    "bulk whose end is cut": "$1\r\na\rb",
    "bulk of more than the bound": `$${RESP_BOUNDS.bulkBytes + 1}\r\n`,
    "an array of more items than the bound": `*${RESP_BOUNDS.items + 1}\r\n`,
    "arrays nested deeper than the bound": "*1\r\n".repeat(RESP_BOUNDS.depth + 1),
    "a line of more than the bound": `-${"e".repeat(RESP_BOUNDS.lineBytes + 1)}\r\n`,
    "a line of more than the bound without end": `-${"e".repeat(RESP_BOUNDS.lineBytes + 2)}`,
    "a length of more digits than there are, without end": `$${"1".repeat(22)}`,
  };

  for (const [what, text] of Object.entries(malformed)) {
    test(`is refused: ${what}`, () => {
      const wire = encoder.encode(text);
      expect(() => parse([wire])).toThrow(MalformedReply);
      expect(() => parse(inPieces(wire, Math.ceil(wire.length / 300)))).toThrow(MalformedReply);
    });
  }

  test("is told from what is just within the bounds", () => {
    const line = "e".repeat(RESP_BOUNDS.lineBytes);
    expect(parse([encoder.encode(`+${line}\r\n`)])).toEqual([line]);
    expect(parse([encoder.encode(`${"*1\r\n".repeat(RESP_BOUNDS.depth)}:1\r\n`)])).toHaveLength(1);
    expect(parse([encoder.encode(`*${RESP_BOUNDS.items}\r\n`)])).toEqual([]);
  });

  test("never makes the parser fail in another way: flipped bytes", async () => {
    const wire = Buffer.concat(CORPUS.map(([each]) => each));
    for (const seed of seedsToTry(1, 200)) {
      await withSeed(seed, (random) => {
        const damaged = Uint8Array.from(wire);
        damaged[random.below(damaged.length)] = random.below(256);
        try {
          parse(randomPieces(damaged, random));
        } catch (error) {
          if (!(error instanceof MalformedReply)) throw error;
        }
      });
    }
  });
});

function parse(pieces: readonly Uint8Array[]): readonly Reply[] {
  const replies: Reply[] = [];
  const parser = new RespParser((reply) => replies.push(reply));
  for (const piece of pieces) parser.push(piece);
  return replies;
}

function inPieces(wire: Uint8Array, length: number): readonly Uint8Array[] {
  const count = Math.ceil(wire.length / length);
  return Array.from({ length: count }, (_, index) => wire.slice(index * length, (index + 1) * length));
}

function randomPieces(wire: Uint8Array, random: SeededRandom): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const longest = random.pick([1, 3, 20, 300, wire.length]);
  for (let at = 0; at < wire.length; ) {
    const end = Math.min(at + random.below(longest + 1), wire.length);
    pieces.push(wire.slice(at, end));
    at = end;
  }
  return pieces;
}

function randomReply(random: SeededRandom, depth: number): readonly [Uint8Array, Reply] {
  const [wire, reply] = random.pick(CORPUS);
  switch (random.below(depth < 5 ? 4 : 3)) {
    case 0:
      return [wire, reply];
    case 1: {
      const bytes = Uint8Array.from({ length: random.below(random.pick([4, 100, 5000])) }, () => random.below(256));
      return [wireOfBulk(bytes), bytes];
    }
    case 2: {
      const value = random.below(2 ** 31) * random.pick([1, -1, 4096]) + 0;
      return [encoder.encode(`:${value}\r\n`), value];
    }
    default: {
      const items = Array.from({ length: random.below(5) }, () => randomReply(random, depth + 1));
      const head = encoder.encode(`*${items.length}\r\n`);
      return [Buffer.concat([head, ...items.map(([each]) => each)]), items.map(([, each]) => each)];
    }
  }
}

function wireOfBulk(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n")]);
}
