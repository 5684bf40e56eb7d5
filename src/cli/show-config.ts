// The output of `keyhold config`: every option with its value and where that came from.
import type { Provenance } from "../config/load.ts";
import { toTable } from "./table.ts";

/** Aligned columns: option, value as written, origin. Ends in a line break. */
export function toConfigTable(provenance: readonly Provenance[]): string {
  const rows = [
    ["OPTION", "VALUE", "FROM"],
    ...provenance.map(({ name, text, from }) => [name, toOneLine(text), toOneLine(from)]),
  ];
  return toTable(rows);
}

/** One object, its members named as the options. Ends in a line break. */
export function toConfigJson(provenance: readonly Provenance[]): string {
  const members = provenance.map(({ name, text, value, origin, from }) => [name, { value, text, origin, from }]);
  return `${JSON.stringify(Object.fromEntries(members), null, 2)}\n`;
}

/** A path may hold what would break the table or do something to a terminal. */
function toOneLine(text: string): string {
  return /[\u0000-\u001f\u007f-\u009f]/.test(text) ? JSON.stringify(text) : text;
}
