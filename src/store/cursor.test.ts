// How a cursor is written and read back.
import { expect, test } from "bun:test";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { formatCursor, parseCursor } from "./cursor.ts";

test("a cursor is read as it was written, up to the latest change", () => {
  for (const sequence of [0, 1, 9, 10, Number.MAX_SAFE_INTEGER]) {
    expect(parseCursor(formatCursor("life1", sequence), "life1", Number.MAX_SAFE_INTEGER)).toBe(sequence);
  }
});

test("a cursor is the stored format's: it must never change for cursors that clients hold", () => {
  expect<string>(formatCursor("life1", 42)).toBe("42.life1");
});

test("a cursor of another life, or beyond the latest change, is refused", async () => {
  expect(await rejectionCode(() => parseCursor(formatCursor("life2", 1), "life1", 1))).toBe("invalid-request");
  expect(await rejectionCode(() => parseCursor(formatCursor("life1", 2), "life1", 1))).toBe("invalid-request");
});
