// A small statsd_exporter: takes lines as its users send them, and makes of them what a mapping file with globs says
// (https://github.com/prometheus/statsd_exporter#glob-matching). Only what deploy/statsd needs: counters, globs, labels.
import { readFileSync } from "node:fs";

interface Mapping {
  readonly match: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Series with their labels in the order of the file, such as `requests{status="200"}`. */
export type Exported = ReadonlyMap<string, number>;

/** @throws Error on a file that holds something else */
export function readMappings(path: string): readonly Mapping[] {
  const parsed: unknown = Bun.YAML.parse(readFileSync(path, "utf8"));
  if (typeof parsed !== "object" || parsed === null || !("mappings" in parsed) || !Array.isArray(parsed.mappings)) {
    throw new Error(`${path} has no mappings`);
  }
  return parsed.mappings;
}

/** The counters of these lines; those that no mapping matches under their own name, dots as underscores. */
export function exportCounters(lines: readonly string[], mappings: readonly Mapping[]): Exported {
  const exported = new Map<string, number>();
  for (const line of lines) {
    const [, name, value, rate] = /^([A-Za-z0-9_.-]+):([0-9.]+)\|c(?:\|@([0-9.]+))?$/.exec(line) ?? [];
    if (name === undefined) continue;
    const series = seriesOf(name, mappings);
    exported.set(series, (exported.get(series) ?? 0) + Number(value) / Number(rate ?? 1));
  }
  return exported;
}

function seriesOf(name: string, mappings: readonly Mapping[]): string {
  for (const { match, name: mapped, labels } of mappings) {
    const glob = new RegExp(`^${match.replaceAll(".", "\\.").replaceAll("*", "([^.]*)")}$`);
    const groups = glob.exec(name);
    if (groups === null) continue;
    const fill = (text: string) => text.replaceAll(/\$(\d+)/g, (_, number) => groups[Number(number)] ?? "");
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${fill(text)}"`);
    return `${fill(mapped)}{${pairs.join(",")}}`;
  }
  return name.replaceAll(/[.-]/g, "_");
}
