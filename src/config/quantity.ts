// Amounts with a unit as people write them ("250ms", "1MiB"), for options and for flags; without the checks of options, so
// that commands which need no more than a duration start quickly.

export const SIZE_UNITS = { B: 1, KB: 1000, KiB: 1024, MB: 1000 ** 2, MiB: 1024 ** 2 } as const;
export const DURATION_UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "250ms" in the smallest unit of `units`; null where number or unit is missing or unknown. Letter case is ignored. */
export function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, digits, written] = /^([0-9]{1,15}) ?([A-Za-z]+)$/.exec(text) ?? [];
  const unit = Object.keys(units).find((name) => name.toLowerCase() === written?.toLowerCase());
  const factor = unit === undefined ? undefined : units[unit];
  return factor === undefined ? null : Number(digits) * factor;
}
