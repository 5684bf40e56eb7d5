// How a cursor is written and read back.
import { expect, test } from "bun:test";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { formatCursor, parseCursor } from "./cursor.ts";
import type { Cursor } from "./store.ts";

test("a cursor is read as it was written, up to the latest change", () => {
  for (const sequence of [0, 1, 9, 10, Number.MAX_SAFE_INTEGER]) {
    expect(parseCursor(formatCursor("life1", sequence), "life1", Number.MAX_SAFE_INTEGER)).toBe(sequence);
  }
});

test("a cursor is the stored format's: it must never change for cursors that clients hold", () => {
  expect<string>(formatCursor("life1", 42)).toBe("42.life1");
});

test("a cursor of another life, or beyond the latest change, leads nowhere", () => {
  expect(parseCursor(formatCursor("life2", 1), "life1", 1)).toBeNull();
  expect(parseCursor(formatCursor("life1", 2), "life1", 1)).toBeNull();
});

test("a text that is no cursor is refused", async () => {
  for (const text of ["", "1", ".life1", "-1.life1", "1.5.life1", "01.life1", "1.life1 ", "1.life1\n"]) {
    expect(await rejectionCode(() => parseCursor(text as Cursor, "life1", 1))).toBe("invalid-request");
  }
});
