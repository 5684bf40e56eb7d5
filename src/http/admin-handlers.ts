// The server itself, under `/-/` (contract §14).
import type { TokenBook } from "../auth/token-book.ts";
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { EXPOSITION_TYPE, type Metrics } from "../observe/registry.ts";
import type { BackupFigures } from "../service/transfer-schedule.ts";
import type { HubView } from "../service/watch/hub-view.ts";
import type { Store } from "../store/store.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { negotiate } from "./accept.ts";
import { exampleOrigin } from "./example-origin.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { HTML_HEADERS } from "./html.ts";
import { isErrorCode, problemHtml, problemMarkdown } from "./problem-text.ts";

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: string;
  readonly startedAt: Date;
  readonly maxValueBytes: number;
  readonly isWide: boolean;
  /** Why requests should go elsewhere for now; null when the server is ready for them. */
  unreadyReason(): string | null;
  /** What the check after an unclean stop has found so far: "unneeded", "running", "passed", "damaged" or "failed". */
  integrity(): IntegrityFacts | Promise<IntegrityFacts>;
  /** Of the backups that the server makes by itself; null where it makes none. */
  backups(): BackupFigures | null | Promise<BackupFigures | null>;
}

export interface IntegrityFacts {
  readonly is: string;
  readonly detail: string | null;
}

/** What the server tells of itself is gathered from. */
interface InfoSources {
  readonly store: Store;
  readonly hub: HubView;
  readonly tokens: Pick<TokenBook, "hasTokens">;
  readonly facts: ServerFacts;
}

const NO_STORE = { [FIELD.cacheControl]: "no-store" };

/** The process runs and answers. */
export function healthy(): Reply {
  return { status: 200, headers: { ...NO_STORE, [FIELD.contentType]: MEDIA.plain }, body: "Keyhold is healthy.\n" };
}

/** The store takes reads and writes. @throws "unavailable" saying why not */
export function ready(facts: ServerFacts): Reply {
  const reason = facts.unreadyReason();
  if (reason !== null) throw new KeyholdError("unavailable", reason);
  return { status: 200, headers: { ...NO_STORE, [FIELD.contentType]: MEDIA.plain }, body: "Keyhold is ready.\n" };
}

export async function info({ store, hub, tokens, facts }: InfoSources): Promise<Reply> {
  const [integrity, backups] = await Promise.all([facts.integrity(), facts.backups()]);
  const { entries, bytes, revision, records, recordBytes, queuedCommits } = store.stats();
  const document = {
    name: "keyhold",
    version: facts.version,
    started_at: facts.startedAt.toISOString(),
    now: new Date(store.now()).toISOString(),
    store: {
      engine: store.engine,
      incarnation: store.incarnation,
      ...store.capabilities,
      entries,
      bytes,
      revision,
      idempotency_records: records,
      idempotency_bytes: recordBytes,
      queued_commits: queuedCommits,
      integrity: integrity.is,
      ...(integrity.detail !== null && { integrity_detail: integrity.detail }),
    },
    access: { asks_for_token: tokens.hasTokens() },
    backups: backups && {
      last_at: backups.lastBackupAt === null ? null : new Date(backups.lastBackupAt).toISOString(),
      last_bytes: backups.lastBackupBytes,
      failures: backups.failures,
    },
    watchers: hub.members,
    limits: {
      key_bytes: LIMITS.keyBytes,
      value_bytes: facts.maxValueBytes,
      short_path_value_bytes: facts.isWide
        ? facts.maxValueBytes
        : Math.min(LIMITS.shortPathValueBytes, facts.maxValueBytes),
      batch_entries: LIMITS.batchMutations,
      batch_bytes: LIMITS.batchBytes,
      page_entries: LIMITS.pageEntries,
      watchers: hub.membersMax,
      wait_seconds: LIMITS.waitSeconds,
    },
  };
  return {
    status: 200,
    headers: { ...NO_STORE, [FIELD.contentType]: MEDIA.json },
    body: `${JSON.stringify(document, null, 2)}\n`,
  };
}

/** For Prometheus; what there is stands in docs/metrics.md. */
export async function metricsPage(metrics: Metrics): Promise<Reply> {
  return { status: 200, headers: { ...NO_STORE, [FIELD.contentType]: EXPOSITION_TYPE }, body: await metrics.render() };
}

/** @throws "no-such-resource" on a code that there is not */
export function problemPage(incoming: Incoming, code: string): Reply {
  if (!isErrorCode(code)) {
    throw new KeyholdError("no-such-resource", `There is no problem ${JSON.stringify(code)}`);
  }
  const headers = { [FIELD.cacheControl]: "no-cache", [FIELD.vary]: "Accept" };
  if (negotiate(incoming.header(FIELD.accept), [MEDIA.plain, MEDIA.html]) === MEDIA.html) {
    return {
      status: 200,
      headers: { ...headers, ...HTML_HEADERS, [FIELD.contentType]: MEDIA.html },
      body: problemHtml(code, exampleOrigin(incoming)),
    };
  }
  return {
    status: 200,
    headers: { ...headers, [FIELD.contentType]: MEDIA.plain },
    body: problemMarkdown(code, exampleOrigin(incoming)),
  };
}
