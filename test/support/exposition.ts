// Reads what /-/metrics answers, as a scraper would.

/** By series, such as `keyhold_keys` or `keyhold_problems_total{code="busy"}`. */
export type Exposition = ReadonlyMap<string, number>;

/** @throws Error on a line that is none of the format's */
export function parseExposition(text: string): Exposition {
  const series = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value] = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (name === undefined || Number.isNaN(Number(value))) throw new Error(`Not a line of metrics: ${line}`);
    if (series.has(name)) throw new Error(`Shown twice: ${name}`);
    series.set(name, Number(value));
  }
  return series;
}
