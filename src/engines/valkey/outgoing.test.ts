// Commands as they are written down and handed over, against the same made by plain concatenation, and sockets that take as
// much as they like.
import { describe, expect, test } from "bun:test";
import { type SeededRandom, seedsToTry, withSeed } from "../../../test/support/seeded-random.ts";
import { Outgoing } from "./outgoing.ts";
import type { Argument } from "./reply.ts";

const encoder = new TextEncoder();

describe("commands", () => {
  test("are written as arrays of bulk, lengths in bytes", () => {
    const outgoing = new Outgoing(false);
    outgoing.append(["SET", "ключ", Uint8Array.of(0, 255), ""]);
    expect(Buffer.from(taken(outgoing)).toString("latin1")).toBe(
      `*4\r\n$3\r\nSET\r\n$8\r\n${Buffer.from("ключ").toString("latin1")}\r\n$2\r\n\0\xFF\r\n$0\r\n\r\n`,
    );
  });

  test("with large bytes hand those over from where they are", () => {
    const outgoing = new Outgoing(false);
    const value = new Uint8Array(1_000_000);
    outgoing.append(["SET", "key", value]);
    const seen: Uint8Array[] = [];
    outgoing.flush({
      write(bytes, _, length) {
        seen.push(bytes);
        return length;
      },
    });
    expect(seen[1]).toBe(value);
  });

  test("know whether any of them was handed over", () => {
    const outgoing = new Outgoing(false);
    const first = outgoing.place;
    outgoing.append(["PING"]);
    const second = outgoing.place;
    outgoing.append(["PING"]);
    expect([outgoing.hasBegun(first), outgoing.hasBegun(second)]).toEqual([false, false]);
    expect(outgoing.flush({ write: () => second })).toBe(false);
    expect([outgoing.hasBegun(first), outgoing.hasBegun(second)]).toEqual([true, false]);
    expect(outgoing.waitingBytes).toBe(second);
    expect(outgoing.flush({ write: () => 1 })).toBe(false);
    expect(outgoing.hasBegun(second)).toBe(true);
    expect(outgoing.flush({ write: () => -1 })).toBe(false);
    expect(outgoing.waitingBytes).toBe(second - 1);
  });

  test("may have left by TLS though it says that it has not taken them", () => {
    const outgoing = new Outgoing(true);
    outgoing.append(["PING"]);
    expect(outgoing.hasBegun(0)).toBe(false);
    outgoing.flush({ write: () => 0 });
    expect(outgoing.hasBegun(0)).toBe(true);
  });

  for (const seed of seedsToTry(1, 30)) {
    test(`at random come out whole and in order, however little is taken at once: SEED=${seed}`, async () => {
      await withSeed(seed, (random) => {
        const outgoing = new Outgoing(random.oneIn(2));
        const expected: Uint8Array[] = [];
        const received: Uint8Array[] = [];
        const most = random.pick([7, 1000, 100_000, 10_000_000]);
        for (let step = 0; step < 60; step++) {
          const args = Array.from({ length: 1 + random.below(5) }, () => randomArgument(random));
          outgoing.append(args);
          expected.push(wireOf(args));
          if (random.oneIn(3)) outgoing.flush(takingSome(received, () => random.below(most + 1)));
          expect(outgoing.waitingBytes).toBe(lengthOf(expected) - lengthOf(received));
          expect(outgoing.place).toBe(lengthOf(expected));
        }
        while (!outgoing.flush(takingSome(received, () => most * 100)));
        expect(Buffer.compare(Buffer.concat(received), Buffer.concat(expected))).toBe(0);
        expect(outgoing.waitingBytes).toBe(0);
      });
    });
  }
});

function taken(outgoing: Outgoing): Uint8Array {
  const received: Uint8Array[] = [];
  outgoing.flush(takingSome(received, () => Number.POSITIVE_INFINITY));
  return Buffer.concat(received);
}

/** Keeps copies, as what it is given is used again. */
function takingSome(received: Uint8Array[], most: () => number) {
  return {
    write(bytes: Uint8Array, offset: number, length: number): number {
      const count = Math.min(length, most());
      received.push(Uint8Array.from(bytes.subarray(offset, offset + count)));
      return count;
    },
  };
}

function randomArgument(random: SeededRandom): Argument {
  const length = random.below(random.pick([2, 70, 70, 3000, 20_000, 200_000]));
  if (random.oneIn(2)) return new Uint8Array(length).fill(random.below(256));
  return random.pick(["a", "é", "😀", "ab€"]).repeat(Math.ceil(length / 3));
}

function wireOf(args: readonly Argument[]): Uint8Array {
  const parts = args.flatMap((arg) => {
    const bytes = typeof arg === "string" ? encoder.encode(arg) : arg;
    return [encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n")];
  });
  return Buffer.concat([encoder.encode(`*${args.length}\r\n`), ...parts]);
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
