// Cursors of partitioned stores as texts, there and back. Clients keep them: what is written must stay readable.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rejectionCode } from "../../../test/support/rejection-code.ts";
import { toCursor } from "../../store/cursor.ts";
import { comparePlaces, formatPlace, formatVectorCursor, LOG_START, parsePlace, parseVectorCursor } from "./cursor.ts";

const PLACE = fc.oneof(
  fc.constant(LOG_START),
  fc.record({ ms: fc.integer({ min: 1, max: 2 ** 47 }), sequence: fc.integer({ min: 0, max: 2 ** 40 }) }),
);

test("a cursor is read as it was written", () => {
  fc.assert(
    fc.property(fc.array(PLACE, { minLength: 1, maxLength: 64 }), (places) => {
      expect(parseVectorCursor(formatVectorCursor(places, "life1"), "life1", places.length)).toEqual(places);
    }),
  );
});

test("a cursor is the stored format", () => {
  const places = [{ ms: 1_795_198_086_404, sequence: 2 }, LOG_START, { ms: 1_795_198_086_604, sequence: 300 }];
  expect<string>(formatVectorCursor(places, "life1")).toBe("AaH6JO0EAQIAAMkBrAI.life1");
});

test("64 places within a minute take less than 400 characters", () => {
  const places = Array.from({ length: 64 }, (_, index) => ({ ms: 1_795_198_086_404 + index * 900, sequence: index }));
  expect(formatVectorCursor(places, "abcdefghij").length).toBeLessThan(400);
});

test("a cursor of another life, or of another number of partitions, leads nowhere", () => {
  const cursor = formatVectorCursor([LOG_START, LOG_START], "life1");
  expect(parseVectorCursor(cursor, "life2", 2)).toBeNull();
  expect(parseVectorCursor(cursor, "life1", 3)).toBeNull();
});

test("a text that is no cursor is refused", async () => {
  const good = formatVectorCursor([{ ms: 5, sequence: 1 }], "life1");
  const texts = [
    "",
    "1",
    ".life1",
    "1.life1",
    "42.life1",
    `${good} `,
    `${good}\n`,
    `A${good}`,
    good.replace("life1", "L"),
  ];
  texts.push("AAAAAAAAAAAA.life1A", "____________________.life1", `${"A".repeat(20_000)}.life1`);
  for (const text of texts) {
    expect(await rejectionCode(() => parseVectorCursor(toCursor(text), "life1", 1))).toBe("invalid-request");
  }
});

describe("a place", () => {
  test("is read as the server writes it", () => {
    expect(parsePlace("1795198086404-12")).toEqual({ ms: 1_795_198_086_404, sequence: 12 });
    expect(formatPlace({ ms: 7, sequence: 0 })).toBe("7-0");
  });

  test("comes before another by its instant, then by its number", () => {
    expect(comparePlaces({ ms: 1, sequence: 9 }, { ms: 2, sequence: 0 })).toBeLessThan(0);
    expect(comparePlaces({ ms: 2, sequence: 1 }, { ms: 2, sequence: 0 })).toBeGreaterThan(0);
    expect(comparePlaces({ ms: 2, sequence: 1 }, { ms: 2, sequence: 1 })).toBe(0);
  });
});
