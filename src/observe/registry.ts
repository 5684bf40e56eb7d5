// What is measured, gathered from whoever measures it when it is asked for, in the text format of Prometheus, version 0.0.4.
// A source is a family and a function that reads it: nothing is pushed here, and what nobody scrapes costs nothing.
import { countOf, type Distribution } from "../core/histogram.ts";
import type { MetricFamily } from "./metric-families.ts";

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface Sample {
  /** One for each label of the family, in its order. */
  readonly labels: readonly string[];
  readonly value: number | Distribution;
}

/** What the rest of the server may ask of the metrics. */
export interface Metrics {
  /** Every family and its samples. */
  render(): string | Promise<string>;
}

/** What a registry reads, by the names of families: plain data that goes from thread to thread. */
export type Readings = ReadonlyMap<string, readonly Sample[]>;

const NO_LABELS: readonly string[] = [];

export class Registry implements Metrics {
  readonly #sources = new Map<string, { readonly family: MetricFamily; readonly read: () => readonly Sample[] }>();

  /** Requires: a family that has not been added. `read` is called at each scrape, and must be quick. */
  add(family: MetricFamily, read: () => readonly Sample[]): void {
    if (this.#sources.has(family.name)) throw new Error(`${family.name} is measured twice`);
    this.#sources.set(family.name, { family, read });
  }

  /** A family without labels; nothing is shown while `read` answers null. */
  addValue(family: MetricFamily, read: () => number | Distribution | null): void {
    this.add(family, () => {
      const value = read();
      return value === null ? [] : [{ labels: NO_LABELS, value }];
    });
  }

  /** What stands now, without the text. */
  read(): Readings {
    return new Map([...this.#sources].map(([name, { read }]) => [name, read()]));
  }

  render(): string {
    return this.renderWith([]);
  }

  /** As one with what other threads have read: samples of the same family and labels are added up. */
  renderWith(others: readonly Readings[]): string {
    let text = "";
    for (const [name, { family, read }] of this.#sources) {
      const more = others.flatMap((readings) => readings.get(name) ?? []);
      text += renderFamily(family, more.length === 0 ? read() : addUp([...read(), ...more]));
    }
    return text;
  }
}

function addUp(samples: readonly Sample[]): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const sample of samples) {
    const name = JSON.stringify(sample.labels);
    const sum = sums.get(name);
    sums.set(name, sum === undefined ? sample : { labels: sample.labels, value: plus(sum.value, sample.value) });
  }
  return [...sums.values()];
}

/** Requires: values of one family, whose bounds are the same. */
function plus(one: number | Distribution, other: number | Distribution): number | Distribution {
  if (typeof one === "number" || typeof other === "number") return Number(one) + Number(other);
  const counts = one.counts.map((count, index) => count + (other.counts[index] ?? 0));
  return { bounds: one.bounds, counts, sum: one.sum + other.sum };
}

function renderFamily(family: MetricFamily, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const { name, type, help } = family;
  const lines = samples.map((sample) => renderSample(family, sample));
  return `# HELP ${name} ${escapeHelp(help)}.\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function renderSample({ name, labels: names }: MetricFamily, { labels, value }: Sample): string {
  const pairs = names.map((label, index) => `${label}="${escapeLabel(labels[index] ?? "")}"`);
  if (typeof value === "number") return line(name, pairs, value);
  let below = 0;
  const buckets = value.bounds.map((bound, index) => {
    below += value.counts[index] ?? 0;
    return line(`${name}_bucket`, [...pairs, `le="${bound}"`], below);
  });
  // Counted from the same reading, so that the last bucket and the count agree.
  const count = countOf(value);
  const rest = [
    line(`${name}_bucket`, [...pairs, 'le="+Inf"'], count),
    line(`${name}_sum`, pairs, value.sum),
    line(`${name}_count`, pairs, count),
  ];
  return [...buckets, ...rest].join("");
}

function line(name: string, pairs: readonly string[], value: number): string {
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
