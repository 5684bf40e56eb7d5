// One chart: lines over the last minutes as SVG in the colours of the theme, with figures as text above it: the latest, or
// those under the pointer. The lines say nothing to a screen reader; the figures and the table do.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import {
  areaPath,
  type Frame,
  linePath,
  niceSteps,
  placeX,
  placeY,
  type Scale,
  timeSteps,
} from "../model/chart-scale.ts";
import type { Point } from "../model/points.ts";

export interface ChartLine {
  readonly label: string;
  /** One of the inks of the charts, 1 to 3. */
  readonly ink: 1 | 2 | 3;
  readonly of: (point: Point) => number | null;
}

export interface ChartPlan {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly words: (value: number) => string;
}

interface ChartProps {
  readonly plan: ChartPlan;
  readonly points: readonly Point[];
}

const HEIGHT = 160;
const AXIS = { left: 58, bottom: 22, top: 8 } as const;
/** A chart is never narrower in time, so that the first points do not stand far apart. */
const SPAN_MS = 60_000;
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function Chart({ plan, points }: ChartProps) {
  const pointed = useSignal<number | null>(null);
  const shown = points.find(({ atMs }) => atMs === pointed.value) ?? points.at(-1);
  return (
    <section class="chart" aria-label={plan.title}>
      <header>
        <h2>
          {plan.title}
          {pointed.value === null || shown === undefined ? null : <small> {clock.format(shown.atMs)}</small>}
        </h2>
        <ul>
          {plan.lines.map(({ label, ink, of }) => {
            const value = shown === undefined ? null : of(shown);
            return (
              <li key={label}>
                <span class="swatch" data-ink={ink} aria-hidden="true" />
                {label} <strong>{value === null ? "–" : plan.words(value)}</strong>
              </li>
            );
          })}
        </ul>
      </header>
      <Plot
        plan={plan}
        points={points}
        pointed={pointed.value}
        onPoint={(atMs) => {
          pointed.value = atMs;
        }}
      />
    </section>
  );
}

interface PlotProps extends ChartProps {
  readonly pointed: number | null;
  readonly onPoint: (atMs: number | null) => void;
}

function Plot({ plan, points, pointed, onPoint }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useSignal(480);
  useLayoutEffect(() => {
    const { current } = place;
    if (current === null) return;
    const observer = new ResizeObserver(() => {
      width.value = current.clientWidth;
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  const scale = scaleOf(plan, points, { width: width.value, height: HEIGHT, ...AXIS });
  const point = (event: PointerEvent) => {
    const x = event.clientX - (place.current?.getBoundingClientRect().left ?? 0);
    const near = points.toSorted((a, b) => Math.abs(placeX(scale, a.atMs) - x) - Math.abs(placeX(scale, b.atMs) - x));
    onPoint(near[0]?.atMs ?? null);
  };
  return (
    <div ref={place} class="plot" aria-hidden="true" onPointerMove={point} onPointerLeave={() => onPoint(null)}>
      <svg width={width.value} height={HEIGHT} aria-hidden="true">
        <Axes plan={plan} scale={scale} />
        {plan.lines.map((line) => {
          const spots = points.map((each) => ({ atMs: each.atMs, value: line.of(each) }));
          return (
            <g key={line.label} data-ink={line.ink}>
              {plan.lines.length === 1 ? <path class="area" d={areaPath(scale, spots)} /> : null}
              <path class="stroke" d={linePath(scale, spots)} />
            </g>
          );
        })}
        {pointed === null ? null : (
          <line
            class="pointer"
            x1={placeX(scale, pointed)}
            x2={placeX(scale, pointed)}
            y1={AXIS.top}
            y2={HEIGHT - AXIS.bottom}
          />
        )}
      </svg>
    </div>
  );
}

function Axes({ plan, scale }: { readonly plan: ChartPlan; readonly scale: Scale }) {
  const { frame, most } = scale;
  return (
    <g class="axes">
      {niceSteps(most, 5)
        .filter((step) => step <= most * 1.001)
        .map((step) => (
          <g key={step}>
            <line x1={frame.left} x2={frame.width} y1={placeY(scale, step)} y2={placeY(scale, step)} />
            <text x={frame.left - 8} y={placeY(scale, step) + 4} text-anchor="end">
              {step === 0 ? "0" : axisWords(plan.words(step))}
            </text>
          </g>
        ))}
      {timeSteps(scale, Math.max(2, frame.width / 110)).map((atMs) => (
        <text key={atMs} x={placeX(scale, atMs)} y={frame.height - 5} text-anchor="middle">
          {clock.format(atMs)}
        </text>
      ))}
    </g>
  );
}

/** Without zeros that say nothing: `2.00 ms` is `2 ms`. */
function axisWords(words: string): string {
  return words.replace(/(\.\d*?)0+(?=\s|$)/, "$1").replace(/\.(?=\s|$)/, "");
}

function scaleOf({ lines }: ChartPlan, points: readonly Point[], frame: Frame): Scale {
  const values = points.flatMap((point) => lines.map(({ of }) => of(point) ?? 0));
  const greatest = Math.max(0, ...values);
  const toMs = points.at(-1)?.atMs ?? SPAN_MS;
  return {
    frame,
    fromMs: Math.min(points[0]?.atMs ?? 0, toMs - SPAN_MS),
    toMs,
    most: greatest === 0 ? 1 : greatest * 1.1,
  };
}
