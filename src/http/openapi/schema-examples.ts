// An example of what schemas describe, by their names: for tools that show one where a body has none of its own.
const TOKEN = {
  id: "tk_ks3dp5b16yr2",
  name: "ci",
  scopes: ["read"],
  prefixes: ["ci/"],
  created_at: "2026-11-28T12:00:00.000Z",
  expires_at: "2026-11-29T12:00:00.000Z",
  revoked_at: null,
  state: "active",
};

const ENTRY = {
  key: "greeting",
  value: "hello world!",
  content_type: "text/plain; charset=utf-8",
  size: 12,
  revision: 214,
  etag: '"214.sn8cv5leq6"',
  created_at: "2026-11-28T12:00:00.000Z",
  modified_at: "2026-11-28T12:00:00.000Z",
  expires_at: null,
  ttl: null,
};

const INFO = {
  name: "keyhold",
  version: "0.1.0",
  started_at: "2026-11-28T11:59:02.000Z",
  now: "2026-11-28T12:00:00.000Z",
  store: {
    engine: "sqlite",
    incarnation: "a1t5m21czr",
    atomicity: "store",
    order: "store",
    reads: "snapshot",
    durability: "power-loss",
    deletions: "one-commit",
    servers: "one",
    promise: "fsync",
    entries: 2,
    bytes: 45112,
    revision: 214,
    idempotency_records: 0,
    idempotency_bytes: 0,
    queued_commits: 0,
    integrity: "unneeded",
  },
  access: { asks_for_token: false },
  backups: null,
  watchers: 0,
  limits: {
    key_bytes: 255,
    value_bytes: 1_048_576,
    short_path_value_bytes: 1024,
    batch_entries: 1000,
    batch_bytes: 8_388_608,
    page_entries: 10_000,
    watchers: 10_000,
    wait_seconds: 300,
  },
};

export const SCHEMA_EXAMPLES: Readonly<Record<string, unknown>> = {
  Deleted: { deleted: 1 },
  Entry: ENTRY,
  Event: { event: "put", cursor: "1017.sn8cv5leq6", key: "color", revision: 214, value: "blue", value_revision: 214 },
  ExportLine: { key: "job1", text: "a", content_type: "text/plain" },
  Imported: { imported: 2, skipped: 0, expired: 0 },
  Info: INFO,
  IssuedToken: { ...TOKEN, token: "kh_…" },
  RedisAnswers: [{ result: 1 }, { result: 1 }],
  RedisResult: { result: "OK" },
  Token: TOKEN,
  TransactionResult: {
    revision: 214,
    results: [
      { incr: { key: "from", value: 20, created: false, expires_at: null, ttl: null } },
      { incr: { key: "to", value: 15, created: false, expires_at: null, ttl: null } },
    ],
  },
};
