// What has been seen of each client, printed when all are done.

export interface ResultRow {
  readonly client: string;
  readonly version: string;
  /** By whether TLS was spoken, or what else tells it apart. */
  readonly way: string;
  readonly result: string;
}

export class ResultTable {
  readonly #rows: ResultRow[] = [];

  add(row: ResultRow): void {
    this.#rows.push(row);
  }

  print(title: string): void {
    const columns = ["client", "version", "way", "result"] as const;
    const widths = columns.map((column) => Math.max(...this.#rows.map((row) => row[column].length), column.length));
    const line = (cells: readonly string[]) =>
      `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
    const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
    const rows = this.#rows.map((row) => line(columns.map((column) => row[column])));
    console.log([title, line(columns), rule, ...rows].join("\n"));
  }
}
