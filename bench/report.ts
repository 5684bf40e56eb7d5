// What the benchmarks print: a table of medians over the rounds, and ratios within rounds with their bars.
import { cpus, loadavg, release } from "node:os";
import { type Measured, median, type Results } from "./rounds.ts";

/** What a ratio should be. */
export type Bar = { readonly least: number } | { readonly most: number };

/** What of the one comes to what of the other, round by round. */
export interface Comparison {
  readonly results: Results;
  readonly of: string;
  readonly to: string;
  readonly what: (measured: Measured) => number;
}

export const rate = ({ perSecond }: Measured): number => perSecond;
export const cpu = ({ frontMicros, storeMicros }: Measured): number => frontMicros + storeMicros;
export const frontCpu = ({ frontMicros }: Measured): number => frontMicros;
export const storeCpu = ({ storeMicros }: Measured): number => storeMicros;

/** What every report begins with. */
export function machineLine(): string {
  const [load = 0] = loadavg();
  return `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${process.platform} ${release()}, Bun ${Bun.version}; load before ${load.toFixed(2)}`;
}

/** A row for each lane: medians over the rounds, and the spread of the rate. */
export function printResults(results: Results): void {
  const head = "| | Requests/s | CPU a request: server + store | p50 | p99 | p99.9 | Longest | Memory, peak | Load |";
  console.log(`${head}\n|---|---|---|---|---|---|---|---|---|`);
  for (const [name, rounds] of results) {
    const mid = (what: (measured: Measured) => number, digits: number) => median(rounds.map(what)).toFixed(digits);
    const rates = rounds.map(rate);
    const spread = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
    const cells = [
      name,
      `${median(rates).toFixed(0)} (${spread})`,
      `${mid(frontCpu, 1)} + ${mid(storeCpu, 1)} µs`,
      ...[mid((m) => m.times.medianMs, 2), mid((m) => m.times.p99Ms, 2), mid((m) => m.times.p999Ms, 2)],
      `${mid((m) => m.times.longestMs, 1)} ms`,
      `${mid((m) => m.residentBytes / 2 ** 20, 0)}, ${mid((m) => m.peakBytes / 2 ** 20, 0)} MiB`,
      `${mid((m) => m.loadCores, 2)} cores`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

/** For mixed workloads: a row for each lane. */
export function printKinds(results: Results): void {
  for (const [name, rounds] of results) {
    for (const kind of ["reads", "writes"] as const) {
      const mid = (what: "medianMs" | "p99Ms" | "p999Ms") => median(rounds.map((m) => m[kind][what])).toFixed(2);
      console.log(`  ${name}, ${kind}: p50 ${mid("medianMs")} ms, p99 ${mid("p99Ms")} ms, p99.9 ${mid("p999Ms")} ms`);
    }
  }
}

/** The median of the rounds' ratios, with its spread. */
export function printRatio(title: string, comparison: Comparison, bar: Bar | null = null): void {
  printRatios(title, ratiosOf(comparison), bar);
}

export function printRatios(title: string, ratios: readonly number[], bar: Bar | null): void {
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  print(title, { value: median(ratios), seen: `${median(ratios).toFixed(2)} × (${spread})`, bar });
}

/** A figure that is no ratio, with its bar. */
export function printFigure(
  title: string,
  figure: { readonly value: number; readonly unit: string; readonly bar: Bar },
): void {
  const { value, unit, bar } = figure;
  print(title, { value, seen: `${value.toFixed(value < 100 ? 2 : 0)} ${unit}`, bar });
}

/** Everything that had a bar, as a table; begun by beginPart(). */
export function printVerdicts(): void {
  if (verdicts.length === 0) return;
  console.log(`\n## Bars\n\n| Part | What | Seen | Bar | |\n|---|---|---|---|---|\n${verdicts.join("\n")}`);
}

/** A heading, under which ratios and figures stand. */
export function beginPart(name: string, about: string): void {
  part = name;
  console.log(`\n## ${name}: ${about}\n`);
}

let part = "";
const verdicts: string[] = [];

function print(title: string, { value, seen, bar }: { value: number; seen: string; bar: Bar | null }): void {
  if (bar === null) {
    console.log(`  → ${title}: ${seen}`);
    return;
  }
  const [words, isMet] =
    "least" in bar ? [`at least ${bar.least}`, value >= bar.least] : [`at most ${bar.most}`, value <= bar.most];
  const verdict = isMet ? "met" : "NOT MET";
  console.log(`  → ${title}: ${seen}   bar ${words}: ${verdict}`);
  verdicts.push(`| ${part} | ${title} | ${seen} | ${words} | ${verdict} |`);
}

function ratiosOf({ results, of, to, what }: Comparison): readonly number[] {
  const others = results.get(to) ?? [];
  return (results.get(of) ?? []).flatMap((measured, round) => {
    const other = others[round];
    return other === undefined ? [] : [what(measured) / what(other)];
  });
}
