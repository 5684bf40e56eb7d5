// Figures in words: sizes, spans of time, instants, shares of a second. One place, so that they look alike everywhere.

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];
const number = new Intl.NumberFormat("en");
const instant = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function countWords(count: number): string {
  return number.format(count);
}

/** `1 key`, `2 keys`, `1,000,000 keys`. */
export function plural(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${countWords(count)} ${noun.endsWith("y") && !noun.endsWith("key") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes / 1000;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** The two greatest units: `3d 4h`, `12m 30s`, `9s`. */
export function spanWords(spanMs: number): string {
  let rest = Math.max(0, Math.ceil(spanMs / 1000));
  if (rest === 0) return "0s";
  const words: string[] = [];
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) words.push(`${count}${unit}`);
    if (words.length === 2 || (words.length === 1 && count === 0)) break;
  }
  return words.join(" ");
}

/** `30`, `30s`, `1h 30m`, `7 days`; null for what is no span above 0. */
export function parseSpan(text: string): number | null {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/giy)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text.trim()) return null;
  let total = 0;
  for (const [, count, unit] of parts) {
    const seconds = secondsOf((unit ?? "").toLowerCase());
    if (seconds === null) return null;
    total += Number(count) * seconds;
  }
  return total > 0 ? Math.round(total * 1000) : null;
}

function secondsOf(unit: string): number | null {
  if (unit === "" || /^(?:s|sec|secs|seconds?)$/.test(unit)) return 1;
  if (/^(?:m|min|mins|minutes?)$/.test(unit)) return 60;
  if (/^(?:h|hours?)$/.test(unit)) return 3600;
  if (/^(?:d|days?)$/.test(unit)) return 86_400;
  if (/^(?:w|weeks?)$/.test(unit)) return 604_800;
  return null;
}

export function instantWords(atMs: number): string {
  return instant.format(atMs);
}

/** `just now`, `5m 3s ago`. */
export function agoWords(atMs: number, nowMs: number): string {
  const passed = nowMs - atMs;
  return passed < 2000 ? "just now" : `${spanWords(passed - 999)} ago`;
}

export function rateWords(perSecond: number): string {
  return perSecond >= 100 ? countWords(Math.round(perSecond)) : perSecond.toFixed(perSecond >= 10 ? 0 : 1);
}

export function latencyWords(seconds: number): string {
  const ms = seconds * 1000;
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(ms >= 10 ? 1 : 2)} ms`;
}

/** As an input of type datetime-local takes it, in the time of this machine. */
export function toLocalInput(atMs: number): string {
  const at = new Date(atMs);
  return new Date(atMs - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
