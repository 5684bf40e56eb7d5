// Every metric that there is, as a table: what /-/metrics shows, docs/metrics.md explains and dashboards ask for. Names are
// promises, never changed after release: the prefix keyhold_, base units (seconds, bytes) last, _total on counters alone.
// Labels have few values: patterns of routes, methods, status codes, error codes; never keys, tokens or addresses.

export interface MetricFamily {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  /** One sentence or more, without a full stop at the end. */
  readonly help: string;
}

function family(type: MetricFamily["type"]) {
  return (name: string, help: string, labels: readonly string[] = []): MetricFamily => ({ name, type, labels, help });
}

const counter = family("counter");
const gauge = family("gauge");
const histogram = family("histogram");

const HTTP = {
  httpRequests: counter(
    "keyhold_http_requests_total",
    "Requests answered, by the pattern of their route (unmatched where nothing is served); a streamed answer counts when its head is ready",
    ["route", "method", "code"],
  ),
  httpDuration: histogram(
    "keyhold_http_request_duration_seconds",
    "Time from a request's head until its answer, or the head of a streamed one, was ready; watches and waits, which are long on purpose, are not in it",
    ["route", "method"],
  ),
  httpRequestBytes: histogram(
    "keyhold_http_request_size_bytes",
    "Bodies received; requests without one are not in it",
    ["route", "method"],
  ),
  httpResponseBytes: histogram(
    "keyhold_http_response_size_bytes",
    "Bodies sent, streamed ones once they have ended; answers without one are not in it, nor are watches (keyhold_watch_sent_bytes_total)",
    ["route", "method"],
  ),
  httpInFlight: gauge(
    "keyhold_http_requests_in_flight",
    "Requests whose answer is being worked out; waits are among them",
  ),
  httpStreams: gauge("keyhold_http_streams", "Streamed answers being sent: listings and watches"),
  httpConnections: gauge("keyhold_http_connections", "Open connections; --connections bounds them"),
  httpBodyBytes: gauge("keyhold_http_body_bytes", "Bytes of request bodies in memory; --body-budget bounds them"),
  httpStreamBytes: gauge("keyhold_http_stream_bytes", "Bytes of answers that wait for their clients to take them"),
  problems: counter("keyhold_problems_total", "Faults by their code, those that cut a streamed answer included", [
    "code",
  ]),
};

const STORE = {
  storeUp: gauge("keyhold_store_up", "1 while the store takes writes, 0 while it refuses them"),
  ready: gauge("keyhold_ready", "What /-/ready says: 1 for 200, 0 for 503"),
  storeBytes: gauge("keyhold_store_size_bytes", "Bytes that the store takes, its log included"),
  walBytes: gauge(
    "keyhold_wal_size_bytes",
    "Size of the file of the write-ahead log, which is used again from its start after a checkpoint and is seldom cut",
  ),
  diskFreeBytes: gauge("keyhold_disk_free_bytes", "Bytes free on the disk of the store, for who runs the server"),
  diskReserveBytes: gauge(
    "keyhold_disk_reserve_bytes",
    "What --disk-reserve keeps free: below it, writes that add are answered 507",
  ),
  keys: gauge("keyhold_keys", "Entries held, those that have ended and await the sweep included"),
  revision: gauge("keyhold_store_revision", "Number of the latest commit that changed an entry"),
  expiredKeys: counter("keyhold_expired_keys_total", "Entries removed since the start because they had ended"),
  hits: counter("keyhold_hits_total", "Reads of one entry that found it"),
  misses: counter("keyhold_misses_total", "Reads of one entry that there was not"),
  recalls: counter(
    "keyhold_recalls_total",
    "Reads of one entry that were sent an answer kept in memory (--entry-cache)",
  ),
  idempotencyRecords: gauge("keyhold_idempotency_records", "Records of writes with an Idempotency-Key that are kept"),
  idempotencyBytes: gauge("keyhold_idempotency_bytes", "Bytes of those records; --idempotency-size bounds them"),
  commits: counter(
    "keyhold_commits_total",
    "Transactions committed, those of sweeps included; one is shared by many writes",
  ),
  commitDuration: histogram(
    "keyhold_commit_duration_seconds",
    "Time that a COMMIT took, measured in the writer thread: writing the log and, with --durability full, syncing it, which cannot be told apart",
  ),
  commitRequests: histogram("keyhold_commit_requests", "Writes that shared one transaction"),
  commitWait: histogram(
    "keyhold_commit_wait_seconds",
    "Time that a write waited to be handed to the writer thread, while that was busy with the ones before",
  ),
  commitQueue: gauge("keyhold_commit_queue_depth", "Writes that wait or are being committed"),
  commitQueueMax: gauge("keyhold_commit_queue_limit", "Writes that may wait (--queued-commits); more are answered 503"),
  checkpoints: counter("keyhold_checkpoints_total", "Times that the log has been brought into the database"),
  checkpointDuration: histogram("keyhold_checkpoint_duration_seconds", "Time that this took"),
};

const WATCH = {
  watchers: gauge("keyhold_watchers", "Watches and waits that stand"),
  watchersMax: gauge("keyhold_watchers_limit", "Watches and waits that may stand (--watchers); more are answered 503"),
  watchEvents: counter(
    "keyhold_watch_events_sent_total",
    "Changes and entries handed to watchers, each counted for each of them",
  ),
  watchBytes: counter("keyhold_watch_sent_bytes_total", "Bytes handed to watchers, heartbeats included"),
  watchersCut: counter(
    "keyhold_watchers_cut_total",
    "Watchers told that they were too slow: they lay more than --watch-backlog changes behind",
  ),
  streamsCut: counter(
    "keyhold_http_streams_cut_total",
    "Answers cut off because their clients took too long while too much waited in memory",
  ),
};

const BACKUPS = {
  lastBackup: gauge(
    "keyhold_last_backup_timestamp_seconds",
    "When the youngest backup in --backup-directory was begun, in seconds since the epoch",
  ),
  lastBackupBytes: gauge("keyhold_last_backup_size_bytes", "Bytes of that backup"),
  backupFailures: counter("keyhold_backup_failures_total", "Backups of --backup-interval that could not be made"),
};

const PROCESS = {
  buildInfo: gauge("keyhold_build_info", "1, with the versions of Keyhold and of its runtime", [
    "version",
    "bun",
    "engine",
  ]),
  logLines: counter("keyhold_log_lines_total", "Warnings and errors logged", ["level"]),
  loopLag: histogram(
    "keyhold_event_loop_lag_seconds",
    "How late serving threads came to a timer that is due four times a second: what every request may wait besides",
  ),
  heapBytes: gauge("keyhold_heap_bytes", "Bytes of the serving threads' JavaScript heaps, without buffers"),
  processMemory: gauge("process_resident_memory_bytes", "Resident memory of the process in bytes"),
  processCpu: counter("process_cpu_seconds_total", "User and system time of all threads in seconds"),
  processStart: gauge("process_start_time_seconds", "When the process began, in seconds since the epoch"),
  processFds: gauge("process_open_fds", "Open files and connections"),
  processFdsMax: gauge("process_max_fds", "Files and connections that may be open"),
};

export const METRICS = { ...HTTP, ...STORE, ...WATCH, ...BACKUPS, ...PROCESS };
