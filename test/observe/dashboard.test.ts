// The proof of the dashboard: a real server under a mixed load, a real Prometheus that scrapes it, and every query of the
// dashboard's file asked there. SECONDS=120 runs the load that long and asks at the end; without it the test ends as soon as
// every query has had data.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { METRICS } from "../../src/observe/metric-families.ts";
import { Http } from "../support/http-client.ts";
import { runMixedLoad } from "../support/mixed-load.ts";
import { pollUntil } from "../support/poll-until.ts";
import { type PrometheusServer, withPrometheus } from "../support/prometheus-server.ts";
import { startServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const FILE = fileURLToPath(new URL("../../deploy/grafana/dashboards/keyhold.json", import.meta.url));
const SECONDS = Number(process.env["SECONDS"] ?? 0);
/** How long queries may take to have data beyond that. */
const PATIENCE_MS = 60_000;

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

const { panels }: Dashboard = JSON.parse(readFileSync(FILE, "utf8"));
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

/** As Grafana fills them in, with every server selected. */
function fillIn(expression: string): string {
  return expression.replaceAll("$__rate_interval", "4s").replaceAll("$instance", ".*");
}

async function withoutData(prometheus: PrometheusServer): Promise<readonly string[]> {
  const found = await Promise.all(
    queries.map(async ({ title, expr }) => {
      const samples = await prometheus.query(fillIn(expr));
      return samples.length > 0 ? [] : [`${title}: ${expr}`];
    }),
  );
  return found.flat();
}

describe("the dashboard", () => {
  test("has a query in every panel, and a metric of ours or of processes in every query", () => {
    expect(queries.length).toBeGreaterThan(30);
    const empty = panels.filter(({ targets }) => targets !== undefined && targets.length === 0);
    expect(empty).toEqual([]);
    const known = new Set(
      Object.values(METRICS).flatMap(({ name, type }) =>
        type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const unknown = queries.flatMap(({ expr }) => expr.match(/\b(?:keyhold|process)_\w+/g) ?? []);
    expect(unknown.filter((name) => !known.has(name))).toEqual([]);
  });

  test(
    "gets data for each of its queries from a Prometheus that scrapes a server under load",
    async () => {
      await withTemporaryDirectory(async (directory) => {
        const server = await startServerProcess(["--store", `sqlite:${directory}/store`, "--sweep-interval", "100ms"]);
        const load = new AbortController();
        const loading = runMixedLoad(new Http(makeSocketClient(server.url)), load.signal);
        // Looked at when it is awaited.
        loading.catch(() => {});
        try {
          await withPrometheus({ directory, target: new URL(server.url).host }, async (prometheus) => {
            const startedAt = performance.now();
            let missing = await withoutData(prometheus);
            await pollUntil(
              async () => {
                missing = await withoutData(prometheus);
                return missing.length === 0 && performance.now() - startedAt >= SECONDS * 1000;
              },
              { ms: SECONDS * 1000 + PATIENCE_MS, what: () => `No data for ${missing.join("; ")}` },
            );
          });
          load.abort();
          await loading;
        } finally {
          load.abort();
          server.kill("SIGKILL");
          await server.exited;
        }
      });
    },
    SECONDS * 1000 + 2 * PATIENCE_MS,
  );
});
