// What of a server is sent to StatsD: the same figures that /-/metrics shows, fewer of them.
import type { Config } from "./config/options.ts";
import type { DurationSamples, TakenSamples } from "./observe/duration-samples.ts";
import type { HttpMetrics } from "./observe/http-metrics.ts";
import type { Log } from "./observe/log.ts";
import { StatsdSender } from "./observe/statsd.ts";
import { linesOf, type StatsdReading } from "./observe/statsd-lines.ts";
import type { MeasuredServer } from "./server-metrics.ts";

interface StatsdParts {
  readonly log: Log;
  readonly samples: DurationSamples | null;
  /** Of the other threads that serve. */
  readonly others: () => Promise<readonly StatsdReading[]>;
}

/** Sends from now on, where the configuration names a server; null where it does not. */
export function startStatsd(
  config: Config,
  server: MeasuredServer,
  { log, samples, others }: StatsdParts,
): StatsdSender | null {
  const { statsd, statsdNames, statsdPrefix, statsdIntervalMs } = config;
  if (statsd === null || samples === null) return null;
  return new StatsdSender({
    ...statsd,
    ...server.clock,
    log,
    intervalMs: statsdIntervalMs,
    toLines: linesOf(statsdNames, statsdPrefix, Number(config.workers)),
    read: async () => {
      const readings = await others();
      return readings.reduce(plus, readServer(server, samples));
    },
  });
}

const IN_FLIGHT = "http.in_flight";

/** What a further thread has of its own. */
export function readThread(http: HttpMetrics, samples: DurationSamples): StatsdReading {
  return {
    statuses: statusesOf(http),
    logged: { warn: 0, error: 0 },
    exceptions: http.problemsOf("internal"),
    durations: samples.take(),
    gauges: { [IN_FLIGHT]: http.inFlight },
  };
}

function plus(one: StatsdReading, other: StatsdReading): StatsdReading {
  const statuses = new Map(one.statuses);
  for (const [status, count] of other.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
  return {
    statuses,
    logged: one.logged,
    exceptions: one.exceptions + other.exceptions,
    durations: together(one.durations, other.durations),
    gauges: { ...one.gauges, [IN_FLIGHT]: (one.gauges[IN_FLIGHT] ?? 0) + (other.gauges[IN_FLIGHT] ?? 0) },
  };
}

/** As if they had been kept together: each that is left stands for as many as the other side's do. */
function together(one: TakenSamples, other: TakenSamples): TakenSamples {
  const stride = Math.max(one.stride, other.stride);
  const thinned = ({ durationsMs, stride: own }: TakenSamples) =>
    durationsMs.filter((_, index) => index % (stride / own) === 0);
  return { durationsMs: [...thinned(one), ...thinned(other)], stride };
}

function statusesOf(http: HttpMetrics): ReadonlyMap<number, number> {
  const statuses = new Map<number, number>();
  for (const series of http.series()) {
    for (const [status, count] of series.counts()) statuses.set(status, (statuses.get(status) ?? 0) + count);
  }
  return statuses;
}

function readServer({ http, hub, store, logged }: MeasuredServer, samples: DurationSamples): StatsdReading {
  const { entries, bytes, queuedCommits } = store.stats();
  return {
    statuses: statusesOf(http),
    logged: { ...logged },
    exceptions: http.problemsOf("internal"),
    durations: samples.take(),
    gauges: {
      [IN_FLIGHT]: http.inFlight,
      keys: entries,
      ...(bytes !== null && { "store.bytes": bytes }),
      "commit.queue": queuedCommits,
      watchers: hub.members,
      "process.resident_bytes": process.memoryUsage.rss(),
    },
  };
}
