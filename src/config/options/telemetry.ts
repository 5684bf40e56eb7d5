// What is told to systems that watch the server. Metrics for Prometheus need no option: they are served at /-/metrics.
import { choice, duration, hostAndPort, statsdPrefix, urlOrNone, wholeNumber } from "../formats.ts";
import { option } from "../option.ts";

export const TELEMETRY = {
  statsd: option(hostAndPort(), {
    name: "statsd",
    default: "none",
    group: "Metrics and traces",
    help: "StatsD server that metrics are sent to, by UDP",
  }),
  statsdPrefix: option(statsdPrefix(), {
    name: "statsd-prefix",
    default: "keyhold",
    group: "Metrics and traces",
    help: "What the names of metrics sent to StatsD begin with",
  }),
  statsdNames: option(choice(["keyhold", "gunicorn"]), {
    name: "statsd-names",
    default: "keyhold",
    group: "Metrics and traces",
    help: "Names of metrics sent to StatsD: our own, or those that Gunicorn sends, for mappings and dashboards made for it",
  }),
  statsdIntervalMs: option(duration({ least: "100ms", most: "1m" }), {
    name: "statsd-interval",
    default: "1s",
    group: "Metrics and traces",
    help: "Time between two sendings to StatsD",
  }),
  traces: option(urlOrNone(), {
    name: "traces",
    default: "none",
    group: "Metrics and traces",
    help: "OpenTelemetry collector that traces are sent to by OTLP over HTTP, such as http://127.0.0.1:4318; OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and the OTEL_EXPORTER_OTLP_* variables for headers, time-out and compression are honoured",
  }),
  tracePercent: option(wholeNumber({ least: 0, most: 100 }), {
    name: "trace-percent",
    default: "100",
    group: "Metrics and traces",
    help: "Share of requests that are traced, where the request itself (traceparent) does not say",
  }),
};
