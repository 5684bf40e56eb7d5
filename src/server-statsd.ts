// What of a server is sent to StatsD: the same figures that /-/metrics shows, fewer of them.
import type { Config } from "./config/options.ts";
import type { DurationSamples } from "./observe/duration-samples.ts";
import type { Log } from "./observe/log.ts";
import { StatsdSender } from "./observe/statsd.ts";
import { linesOf, type StatsdReading } from "./observe/statsd-lines.ts";
import type { MeasuredServer } from "./server-metrics.ts";

/** Sends from now on, where the configuration names a server; null where it does not. */
export function startStatsd(
  config: Config,
  server: MeasuredServer,
  { log, samples }: { readonly log: Log; readonly samples: DurationSamples | null },
): StatsdSender | null {
  const { statsd, statsdNames, statsdPrefix, statsdIntervalMs } = config;
  if (statsd === null || samples === null) return null;
  return new StatsdSender({
    ...statsd,
    ...server.clock,
    log,
    intervalMs: statsdIntervalMs,
    toLines: linesOf(statsdNames, statsdPrefix),
    read: () => readServer(server, samples),
  });
}

function readServer({ http, hub, store, logged }: MeasuredServer, samples: DurationSamples): StatsdReading {
  const statuses = new Map<number, number>();
  for (const series of http.series()) {
    for (const [status, count] of series.counts()) statuses.set(status, (statuses.get(status) ?? 0) + count);
  }
  const { entries, bytes, queuedCommits } = store.stats();
  return {
    statuses,
    logged: { ...logged },
    exceptions: http.problemsOf("internal"),
    durations: samples.take(),
    gauges: {
      "http.in_flight": http.inFlight,
      keys: entries,
      ...(bytes !== null && { "store.bytes": bytes }),
      "commit.queue": queuedCommits,
      watchers: hub.members,
      "process.resident_bytes": process.memoryUsage.rss(),
    },
  };
}
