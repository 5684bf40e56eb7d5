// The list of metrics in docs/metrics.md, made from the table that /-/metrics is made from.
import { METRICS } from "../src/observe/metric-families.ts";

const HEAD = `<!-- Generated from src/observe/metric-families.ts by scripts/generate.ts. Change it there. -->

# Metrics

\`GET /-/metrics\` answers these in the text format of Prometheus, version 0.0.4. How to scrape them, the dashboard, the
alerts, StatsD and traces are in [operating.md](operating.md#metrics). Names and labels are kept after a release; more may
come.

- Counters count from the start of the process and are 0 then: ask for \`rate()\` or \`increase()\`.
- Labels have few values. \`route\` is a row of [routes.md](routes.md), or \`unmatched\`; \`method\` is one that the server
  knows, or \`_OTHER\`; \`code\` is a status, or for problems a code of [problems](problems/README.md). No key, no value, no
  token and no address is ever a label.
- A series of a route and method appears with its first request. Metrics of the log, the disk and the writer thread are
  those of a store on disk; \`memory:\` has none. Files and memory of the process are told on Linux.
- What is refused for breaking a rule of HTTP itself is counted under the route "unmatched"; by the transport "bun" it is not counted.
- Not measured, because Bun does not tell: hits of SQLite's page cache, collections of garbage. The sync of a commit cannot
  be told from its write.
`;

/** The whole page. */
export function renderMetrics(): string {
  const rows = Object.values(METRICS).map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(", ")} | ${help} |`,
  );
  return [HEAD, "| Name | Type | Labels | What it is |", "|---|---|---|---|", ...rows, ""].join("\n");
}
