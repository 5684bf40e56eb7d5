// What the server does, as it happens: four figures, four charts, and the same as a table.
import { useEffect } from "preact/hooks";
import { every } from "../browser.ts";
import { METRICS_ASK, POLL_MS } from "../model/activity.ts";
import type { Reading } from "../model/metrics-text.ts";
import type { Point } from "../model/points.ts";
import { countWords, latencyWords, rateWords, sizeWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { FaultBox } from "../parts/fault-box.tsx";
import { Chart, type ChartPlan } from "./chart.tsx";

const CHARTS: readonly ChartPlan[] = [
  {
    title: "Requests a second",
    lines: [
      { label: "answered", ink: 1, of: (point) => point.goodPerSecond },
      { label: "refused or failed", ink: 2, of: (point) => point.badPerSecond },
    ],
    words: rateWords,
  },
  {
    title: "Latency",
    lines: [
      { label: "p50", ink: 1, of: (point) => point.p50 },
      { label: "p99", ink: 3, of: (point) => point.p99 },
    ],
    words: latencyWords,
  },
  {
    title: "Commits a second",
    lines: [{ label: "commits", ink: 1, of: (point) => point.commitsPerSecond }],
    words: rateWords,
  },
  {
    title: "Memory",
    lines: [
      { label: "process", ink: 1, of: (point) => point.residentBytes },
      { label: "JavaScript heap", ink: 3, of: (point) => point.heapBytes },
    ],
    words: sizeWords,
  },
];

const TABLE_POINTS = 15;

export function ActivityView() {
  const app = useApp();
  const { activity } = app;
  useEffect(() => {
    const running = new AbortController();
    const poll = () => void activity.poll(running.signal);
    poll();
    const stop = every(POLL_MS, poll);
    return () => {
      stop();
      running.abort();
    };
  }, [activity]);
  const points = activity.points.value;
  const latest = activity.latest.value;
  const fault = activity.fault.value;
  return (
    <main class="page">
      <h1>Activity</h1>
      {fault !== null && latest === null ? (
        <FaultBox fault={fault} />
      ) : (
        <>
          {fault === null ? null : (
            <p class="warning" role="alert">
              {fault.title}. The charts go on once it answers again.
            </p>
          )}
          <Tiles latest={latest} />
          <div class="charts">
            {CHARTS.map((plan) => (
              <Chart key={plan.title} plan={plan} points={points} />
            ))}
          </div>
          <PointTable points={points} />
          <p class="quiet-text">
            Read every two seconds while this page is open; its own requests for them are left out. Figures of the last
            ten minutes stay until the page is closed.
          </p>
          <CurlLine request={METRICS_ASK} />
        </>
      )}
    </main>
  );
}

function Tiles({ latest }: { readonly latest: Reading | null }) {
  const figure = (name: string, words: (value: number) => string) => {
    const value = latest?.sums.get(name);
    return value === undefined ? "–" : words(value);
  };
  const tiles = [
    { label: "Keys", value: figure("keyhold_keys", countWords) },
    { label: "Store", value: figure("keyhold_store_size_bytes", sizeWords) },
    { label: "Watching", value: figure("keyhold_watchers", countWords) },
    { label: "Connections", value: figure("keyhold_http_connections", countWords) },
  ];
  return (
    <dl class="tiles">
      {tiles.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The charts as text: for who cannot see them, and for who wants figures. */
function PointTable({ points }: { readonly points: readonly Point[] }) {
  const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
  const rows = points.slice(-TABLE_POINTS).toReversed();
  return (
    <details class="point-table">
      <summary>The figures as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard as well */}
      <section class="table-box" tabIndex={0} aria-label="Figures">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {CHARTS.flatMap(({ title, lines }) =>
                lines.map(({ label }) => (
                  <th key={title + label} scope="col">
                    {lines.length === 1 ? title : `${title}, ${label}`}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((point) => (
              <tr key={point.atMs}>
                <th scope="row">{time.format(point.atMs)}</th>
                {CHARTS.flatMap(({ title, lines, words }) =>
                  lines.map(({ label, of }) => {
                    const value = of(point);
                    return <td key={title + label}>{value === null ? "–" : words(value)}</td>;
                  }),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
