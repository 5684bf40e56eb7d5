// Cursors that a store with one order for all changes never gave (src/store/cursor.ts).
import { formatCursor, toCursor } from "../../src/store/cursor.ts";
import type { ForgedCursors } from "./store-harness.ts";

export const ONE_ORDER_CURSORS: ForgedCursors = {
  foreign: () => formatCursor("otherlife", 1),
  beyond(latest) {
    const [sequence, incarnation] = latest.split(".");
    const ends = [Number(sequence) + 1, Number.MAX_SAFE_INTEGER, 999_999_999_999_999];
    return ends.map((end) => toCursor(`${end}.${incarnation}`));
  },
  malformed: ["", "1", "x", ".life1", "-1.life1", "1.5.life1", "01.life1", "x.y", "1.A", "1.life1 ", "1.life1\n"],
};
