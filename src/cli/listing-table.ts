// A listing for people: a table as wide as the terminal. Widths are those of the first rows; what is longer is cut, so that
// rows can be shown while further ones come.
import { toDurationText, toText } from "./entry-output.ts";
import type { Paint } from "./paint.ts";
import { toBytesText } from "./progress.ts";

/** An entry as `?meta` shows it; the members that are shown. */
export interface ListedEntry {
  readonly key: string;
  readonly value: unknown;
  readonly content_type: string;
  readonly size: number;
  readonly ttl: number | null;
}

/** Rows that are waited for before the first is shown. */
const MEASURED_ROWS = 100;
const GAP = "  ";
const KEY_SHARE = 0.45;
/** Terminals that are narrower show no media types. */
const TYPE_COLUMNS = 100;
const TYPE_WIDTH_MAX = 26;
const PREVIEW_CHARACTERS = 500;

type Row = readonly [key: string, size: string, type: string, ends: string, value: string];
const HEAD: Row = ["KEY", "SIZE", "TYPE", "ENDS IN", "VALUE"];

export class ListingTable {
  readonly #write: (lines: string) => void;
  readonly #columns: number;
  readonly #paint: Paint;
  #waiting: Row[] = [];
  #widths: readonly number[] | null = null;

  constructor(write: (lines: string) => void, columns: number, paint: Paint) {
    this.#write = write;
    this.#columns = columns;
    this.#paint = paint;
  }

  add(entry: ListedEntry): void {
    const ends = entry.ttl === null ? "" : toDurationText(entry.ttl * 1000);
    // Without its parameters: the character set of nearly all that is text is the same.
    const [type = ""] = entry.content_type.split(";");
    const row: Row = [entry.key, toBytesText(entry.size), type, ends, preview(entry.value)];
    if (this.#widths !== null) this.#show(row, this.#widths);
    else if (this.#waiting.push(row) === MEASURED_ROWS) this.#begin();
  }

  end(): void {
    if (this.#waiting.length > 0) this.#begin();
  }

  #begin(): void {
    const widths = widthsOf([HEAD, ...this.#waiting], this.#columns);
    this.#widths = widths;
    this.#write(`${this.#paint("bold", toLine(HEAD, widths))}\n`);
    for (const row of this.#waiting) this.#show(row, widths);
    this.#waiting = [];
  }

  #show(row: Row, widths: readonly number[]): void {
    const line = toLine(row, widths);
    const keyEnd = cut(row[0], widths[0] ?? 0).length;
    this.#write(`${this.#paint("cyan", line.slice(0, keyEnd))}${line.slice(keyEnd)}\n`);
  }
}

/** 0 for a column that is not shown. */
function widthsOf(rows: readonly Row[], columns: number): readonly number[] {
  const widest = (column: number) => Math.max(...rows.map((row) => Bun.stringWidth(row[column] ?? "")));
  const hasEnds = rows.slice(1).some(([, , , ends]) => ends !== "");
  const key = Math.min(widest(0), Math.floor(columns * KEY_SHARE));
  const type = columns < TYPE_COLUMNS ? 0 : Math.min(widest(2), TYPE_WIDTH_MAX);
  const fixed = [key, widest(1), type, hasEnds ? widest(3) : 0];
  const taken = fixed.reduce((sum, width) => sum + (width === 0 ? 0 : width + GAP.length), 0);
  return [...fixed, Math.max(0, columns - taken)];
}

function toLine(row: Row, widths: readonly number[]): string {
  return widths
    .flatMap((width, column) => (width === 0 ? [] : [pad(cut(row[column] ?? "", width), width, column === 1)]))
    .join(GAP)
    .trimEnd();
}

function pad(text: string, width: number, isRight: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return isRight ? blanks + text : text + blanks;
}

function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let shown = "";
  for (const character of text) {
    if (Bun.stringWidth(shown) + Bun.stringWidth(character) >= width) break;
    shown += character;
  }
  return `${shown}…`;
}

/** On one line, with nothing that does something to a terminal. */
export function preview(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, PREVIEW_CHARACTERS) : JSON.stringify(value);
  const line = text.slice(0, PREVIEW_CHARACTERS).replaceAll(/\s+/g, " ");
  return toText(Buffer.from(line)) ?? JSON.stringify(line).replaceAll(/[\u007f-\u009f]/g, "?");
}
