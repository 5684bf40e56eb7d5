// The alert rules: Prometheus' own checker and their own tests, metrics that there are, and a page for whoever is woken.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { METRICS } from "../../src/observe/metric-families.ts";
import { requireCommand, runToEnd } from "../support/required-command.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RULES = `${ROOT}deploy/prometheus/alerts.yml`;
const OPERATING = readFileSync(`${ROOT}docs/operating.md`, "utf8");
/** Of other parts than this project's metrics: Prometheus' own, and that of backups. */
const OTHER_METRICS = ["up", "keyhold_last_backup_timestamp_seconds"];

/** The program is a hundred megabytes, and may have to be read from a disk that others write to. */
const FIRST_RUN_MS = 60_000;

interface Rules {
  readonly groups: readonly { readonly rules: readonly Alert[] }[];
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

const alerts = (Bun.YAML.parse(readFileSync(RULES, "utf8")) as Rules).groups.flatMap(({ rules }) => rules);

describe("the alerts", () => {
  test.each([
    ["check", "rules", RULES],
    ["test", "rules", `${ROOT}deploy/prometheus/alerts.test.yml`],
    ["check", "config", `${ROOT}deploy/prometheus/prometheus.yml`],
  ])(
    "pass promtool %s %s",
    async (verb, kind, path) => {
      const promtool = requireCommand("promtool", "prometheus");
      const { exitCode, output } = await runToEnd([promtool, verb, kind, path]);
      expect({ exitCode, output: exitCode === 0 ? "" : output }).toEqual({ exitCode: 0, output: "" });
    },
    FIRST_RUN_MS,
  );

  test("are tested each, with what fires it and with what does not", () => {
    const tests = readFileSync(`${ROOT}deploy/prometheus/alerts.test.yml`, "utf8");
    for (const { alert } of alerts) {
      expect(tests).toContain(`name: ${alert} fires\n`);
      expect(tests).toContain(`name: ${alert} is quiet\n`);
    }
  });

  test.each(alerts.map((alert) => [alert.alert, alert] as const))(
    "%s asks for metrics that there are",
    (_name, alert) => {
      const known = Object.values(METRICS).flatMap(({ name }) => [name, `${name}_bucket`]);
      const asked = alert.expr.match(/\b(?:up|(?:keyhold|process)_\w+)\b/g) ?? [];
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter((name) => !known.includes(name) && !OTHER_METRICS.includes(name))).toEqual([]);
    },
  );

  test.each(alerts.map((alert) => [alert.alert, alert] as const))(
    "%s says what is wrong and what to do",
    (_name, alert) => {
      const { summary, description, runbook_url } = alert.annotations;
      expect(["info", "warning", "critical"]).toContain(alert.labels.severity);
      expect(summary).toContain("{{ $labels.instance }}");
      expect(description).toEndWith(".");
      expect(runbook_url).toBe(`docs/operating.md#${alert.alert.toLowerCase()}`);
      expect(OPERATING).toContain(`\n#### ${alert.alert}\n`);
    },
  );
});
