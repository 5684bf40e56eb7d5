// Where points of a chart stand: nice steps of an axis from 0, and lines as paths of SVG. Pure, so that the drawing is only
// elements.

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Room for the words of the axes. */
  readonly left: number;
  readonly bottom: number;
  readonly top: number;
}

export interface Scale {
  readonly frame: Frame;
  readonly fromMs: number;
  readonly toMs: number;
  readonly most: number;
}

/** Steps from 0 that reach the greatest value: 1, 2 or 5 times a power of ten (of two thousand-steps, for bytes the same). */
export function niceSteps(most: number, wanted: number): readonly number[] {
  if (!(most > 0)) return [0, 1];
  const raw = most / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

export function placeX({ frame, fromMs, toMs }: Scale, atMs: number): number {
  const share = toMs === fromMs ? 1 : (atMs - fromMs) / (toMs - fromMs);
  return frame.left + share * (frame.width - frame.left);
}

export function placeY({ frame, most }: Scale, value: number): number {
  const room = frame.height - frame.bottom - frame.top;
  return frame.top + room * (1 - value / most);
}

export interface Spot {
  readonly atMs: number;
  /** Null where there is nothing to show; the line goes on from the next. */
  readonly value: number | null;
}

export function linePath(scale: Scale, spots: readonly Spot[]): string {
  let path = "";
  for (const { atMs, value } of spots) {
    if (value === null) continue;
    path += `${path === "" ? "M" : "L"}${placeX(scale, atMs).toFixed(1)} ${placeY(scale, value).toFixed(1)}`;
  }
  return path;
}

/** The line, closed along the bottom. */
export function areaPath(scale: Scale, spots: readonly Spot[]): string {
  const there = spots.filter(({ value }) => value !== null);
  const [first] = there;
  const last = there.at(-1);
  if (first === undefined || last === undefined) return "";
  const base = placeY(scale, 0).toFixed(1);
  return `${linePath(scale, there)}L${placeX(scale, last.atMs).toFixed(1)} ${base}L${placeX(scale, first.atMs).toFixed(1)} ${base}Z`;
}

/** Instants of the axis of time: whole minutes, or parts of one where the span is short. */
export function timeSteps({ fromMs, toMs }: Pick<Scale, "fromMs" | "toMs">, wanted: number): readonly number[] {
  const stepMs = [5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000].find(
    (step) => (toMs - fromMs) / step <= wanted,
  );
  const each = stepMs ?? 600_000;
  const first = Math.ceil(fromMs / each) * each;
  const count = Math.max(0, Math.floor((toMs - first) / each) + 1);
  return Array.from({ length: count }, (_, index) => first + index * each);
}
