// The panels of the Grafana dashboard, as data: titles, units and queries. How they become JSON stands in dashboard.ts;
// test/observe/dashboard.test.ts runs every query against a Prometheus that has scraped a server under load.

export interface PanelText {
  readonly title: string;
  /** What to look for, for whoever is woken at night. */
  readonly description: string;
  /** As Grafana names units. */
  readonly unit: "reqps" | "s" | "bytes" | "Bps" | "short" | "percentunit" | "ops";
  readonly queries: readonly { readonly expression: string; readonly legend: string }[];
}

export interface PanelRow {
  readonly title: string;
  readonly panels: readonly PanelText[];
}

const WHERE = 'instance=~"$instance"';

function rate(metric: string, labels = WHERE): string {
  return `rate(${metric}{${labels}}[$__rate_interval])`;
}

/** A quantile of a histogram, over the labels that the legend names. */
function quantile(share: number, metric: string, by: string): string {
  return `histogram_quantile(${share}, sum by (le, ${by}) (${rate(`${metric}_bucket`)}))`;
}

const HTTP: PanelRow = {
  title: "Requests",
  panels: [
    {
      title: "Requests a second",
      description: "By route and method. A route named unmatched is somebody who knows the server badly.",
      unit: "reqps",
      queries: [
        {
          expression: `sum by (route, method) (${rate("keyhold_http_requests_total")})`,
          legend: "{{method}} {{route}}",
        },
      ],
    },
    {
      title: "Answers by status",
      description: "404 and 412 belong to the protocol; 5xx do not.",
      unit: "reqps",
      queries: [{ expression: `sum by (code) (${rate("keyhold_http_requests_total")})`, legend: "{{code}}" }],
    },
    {
      title: "Share of 5xx",
      description: "Faults of the server among all answers. The panel of problems says which.",
      unit: "percentunit",
      queries: [
        {
          expression: `(sum(${rate("keyhold_http_requests_total", `${WHERE}, code=~"5.."`)}) or vector(0)) / sum(${rate("keyhold_http_requests_total")})`,
          legend: "5xx",
        },
      ],
    },
    {
      title: "Time to the answer, 99 of 100",
      description: "Watches and waits are not in it. Writes last as long as the disk's sync: compare with commits.",
      unit: "s",
      queries: [
        {
          expression: quantile(0.99, "keyhold_http_request_duration_seconds", "route, method"),
          legend: "{{method}} {{route}}",
        },
      ],
    },
    {
      title: "Time to the answer, one half",
      description: "As beside it, of the middle request.",
      unit: "s",
      queries: [
        {
          expression: quantile(0.5, "keyhold_http_request_duration_seconds", "route, method"),
          legend: "{{method}} {{route}}",
        },
      ],
    },
    {
      title: "Bodies",
      description: "Bytes received and sent a second; what watchers are sent is apart.",
      unit: "Bps",
      queries: [
        { expression: `sum(${rate("keyhold_http_request_size_bytes_sum")})`, legend: "received" },
        { expression: `sum(${rate("keyhold_http_response_size_bytes_sum")})`, legend: "sent" },
        { expression: `sum(${rate("keyhold_watch_sent_bytes_total")})`, legend: "to watchers" },
      ],
    },
    {
      title: "At work",
      description: "Requests being worked on, waits among them, and answers being streamed.",
      unit: "short",
      queries: [
        { expression: `sum(keyhold_http_requests_in_flight{${WHERE}})`, legend: "requests" },
        { expression: `sum(keyhold_http_streams{${WHERE}})`, legend: "streams" },
      ],
    },
    {
      title: "Problems",
      description: "By code; each has a page under docs/problems.",
      unit: "ops",
      queries: [
        {
          expression: `sum by (code) (${rate("keyhold_problems_total")}) > 0 or sum(0 * up{${WHERE}})`,
          legend: "{{code}}",
        },
      ],
    },
    {
      title: "Reads that found their entry",
      description: "Hits among reads of one entry: how good a cache it is, where it is one.",
      unit: "percentunit",
      queries: [
        {
          expression: `sum(${rate("keyhold_hits_total")}) / (sum(${rate("keyhold_hits_total")}) + sum(${rate("keyhold_misses_total")}))`,
          legend: "hits",
        },
      ],
    },
  ],
};

const STORE: PanelRow = {
  title: "Store",
  panels: [
    {
      title: "Entries",
      description: "Held, ended ones that await the sweep included.",
      unit: "short",
      queries: [{ expression: `keyhold_keys{${WHERE}}`, legend: "{{instance}}" }],
    },
    {
      title: "Size",
      description:
        "The database does not shrink when entries are deleted. A log that grows beyond 16 MiB waits for a checkpoint.",
      unit: "bytes",
      queries: [
        { expression: `keyhold_store_size_bytes{${WHERE}}`, legend: "store {{instance}}" },
        { expression: `keyhold_wal_size_bytes{${WHERE}}`, legend: "log {{instance}}" },
      ],
    },
    {
      title: "Disk",
      description: "Below the reserve, writes that add are answered 507.",
      unit: "bytes",
      queries: [
        { expression: `keyhold_disk_free_bytes{${WHERE}}`, legend: "free {{instance}}" },
        { expression: `keyhold_disk_reserve_bytes{${WHERE}}`, legend: "reserve {{instance}}" },
      ],
    },
    {
      title: "Time of a commit",
      description: "The log written and synced. It is the disk's figure: a good one is below 10 ms.",
      unit: "s",
      queries: [
        { expression: quantile(0.5, "keyhold_commit_duration_seconds", "instance"), legend: "half {{instance}}" },
        { expression: quantile(0.99, "keyhold_commit_duration_seconds", "instance"), legend: "99 of 100 {{instance}}" },
      ],
    },
    {
      title: "Writes a commit",
      description: "How many writes share a sync: more under load.",
      unit: "short",
      queries: [
        {
          expression: `${rate("keyhold_commit_requests_sum")} / ${rate("keyhold_commit_requests_count")}`,
          legend: "{{instance}}",
        },
        { expression: `${rate("keyhold_commits_total")}`, legend: "commits a second {{instance}}" },
      ],
    },
    {
      title: "Queue of writes",
      description: "Writes that wait. At the limit further ones are answered 503.",
      unit: "short",
      queries: [
        { expression: `keyhold_commit_queue_depth{${WHERE}}`, legend: "waiting {{instance}}" },
        { expression: `keyhold_commit_queue_limit{${WHERE}}`, legend: "limit {{instance}}" },
      ],
    },
    {
      title: "Wait for the writer, 99 of 100",
      description: "What a write waits before its commit begins.",
      unit: "s",
      queries: [{ expression: quantile(0.99, "keyhold_commit_wait_seconds", "instance"), legend: "{{instance}}" }],
    },
    {
      title: "Checkpoints",
      description: "Log brought into the database: how often, and how long on average.",
      unit: "short",
      queries: [
        { expression: `${rate("keyhold_checkpoints_total")}`, legend: "a second {{instance}}" },
        {
          expression: `keyhold_checkpoint_duration_seconds_sum{${WHERE}} / keyhold_checkpoint_duration_seconds_count{${WHERE}}`,
          legend: "seconds each {{instance}}",
        },
      ],
    },
    {
      title: "Ended and named",
      description: "Entries that ended a second, and records of writes with an Idempotency-Key.",
      unit: "short",
      queries: [
        { expression: `${rate("keyhold_expired_keys_total")}`, legend: "ended a second {{instance}}" },
        { expression: `keyhold_idempotency_records{${WHERE}}`, legend: "records {{instance}}" },
      ],
    },
  ],
};

const SERVER: PanelRow = {
  title: "Watchers and process",
  panels: [
    {
      title: "Watchers",
      description: "Watches and waits. At --watchers further ones are answered 503.",
      unit: "short",
      queries: [{ expression: `keyhold_watchers{${WHERE}}`, legend: "{{instance}}" }],
    },
    {
      title: "Events to watchers",
      description: "Handed over, and watchers that were cut because they were too slow.",
      unit: "ops",
      queries: [
        { expression: `${rate("keyhold_watch_events_sent_total")}`, legend: "events {{instance}}" },
        { expression: `${rate("keyhold_watchers_cut_total")}`, legend: "too slow {{instance}}" },
        { expression: `${rate("keyhold_http_streams_cut_total")}`, legend: "cut off {{instance}}" },
      ],
    },
    {
      title: "Memory",
      description: "Of the process, and what bodies and streams hold of it.",
      unit: "bytes",
      queries: [
        { expression: `process_resident_memory_bytes{${WHERE}}`, legend: "resident {{instance}}" },
        { expression: `keyhold_heap_bytes{${WHERE}}`, legend: "heap {{instance}}" },
        { expression: `keyhold_http_body_bytes{${WHERE}}`, legend: "bodies {{instance}}" },
        { expression: `keyhold_http_stream_bytes{${WHERE}}`, legend: "streams {{instance}}" },
      ],
    },
    {
      title: "Processors",
      description: "1 is one processor. The serving thread is one, the writer another.",
      unit: "short",
      queries: [{ expression: `${rate("process_cpu_seconds_total")}`, legend: "{{instance}}" }],
    },
    {
      title: "Lag of the event loop, 99 of 100",
      description: "What every request waits besides. Beyond 100 ms something holds the serving thread.",
      unit: "s",
      queries: [{ expression: quantile(0.99, "keyhold_event_loop_lag_seconds", "instance"), legend: "{{instance}}" }],
    },
    {
      title: "Open files",
      description: "Connections among them.",
      unit: "short",
      queries: [
        { expression: `process_open_fds{${WHERE}}`, legend: "open {{instance}}" },
        { expression: `keyhold_http_connections{${WHERE}}`, legend: "connections {{instance}}" },
        { expression: `process_max_fds{${WHERE}}`, legend: "limit {{instance}}" },
      ],
    },
    {
      title: "Warnings and errors",
      description: "Lines of the log; it says what they are.",
      unit: "ops",
      queries: [{ expression: `sum by (level) (${rate("keyhold_log_lines_total")})`, legend: "{{level}}" }],
    },
    {
      title: "Ready",
      description: "1 while /-/ready is answered 200.",
      unit: "short",
      queries: [
        { expression: `keyhold_ready{${WHERE}}`, legend: "ready {{instance}}" },
        { expression: `keyhold_store_up{${WHERE}}`, legend: "store {{instance}}" },
      ],
    },
    {
      title: "Up for",
      description: "Since the process began. A saw means that it is started again and again.",
      unit: "s",
      queries: [{ expression: `time() - process_start_time_seconds{${WHERE}}`, legend: "{{instance}}" }],
    },
  ],
};

export const PANEL_ROWS: readonly PanelRow[] = [HTTP, STORE, SERVER];
