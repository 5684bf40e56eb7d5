// Cursors that a store with one order for all changes never gave (src/store/cursor.ts).
import { formatCursor } from "../../src/store/cursor.ts";
import type { ForgedCursors } from "./store-harness.ts";

export function forgedCursors(incarnation: string): ForgedCursors {
  return {
    foreign: () => formatCursor("otherlife", 1),
    beyond: (latest) =>
      [Number.parseInt(latest, 10) + 1, Number.MAX_SAFE_INTEGER, 999_999_999_999_999].map((end) =>
        formatCursor(incarnation, end),
      ),
    malformed: [
      ...["", "1", `.${incarnation}`, `-1.${incarnation}`, `1.5.${incarnation}`, `01.${incarnation}`, "x.y"],
      ...[`1.${incarnation} `, `1.${incarnation}\n`],
    ],
  };
}
