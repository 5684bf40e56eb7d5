// Checks of what a server says of itself at /-/info: what its writes outlive, its backups, what it has found at its start.
import { type Finding, fail, ok, warn } from "./finding.ts";
import { judgeBackup } from "./store-checks.ts";

/** The members of /-/info that are looked at. */
export interface InfoJson {
  readonly version: string;
  /** RFC 3339. */
  readonly now: string;
  readonly store: {
    readonly engine: string;
    readonly durability: string;
    readonly promise: string;
    readonly entries: number;
    readonly bytes: number;
    readonly queued_commits: number;
    readonly integrity: string;
    readonly integrity_detail?: string;
  };
  readonly access: { readonly asks_for_token: boolean };
  readonly backups: {
    readonly last_at: string | null;
    readonly last_bytes: number | null;
    readonly failures: number;
  } | null;
  readonly watchers: number;
  readonly limits: { readonly watchers: number };
}

const QUEUE_MAX = 1000;
const BACKUP_CURE = "keyhold backup FILE makes one now; --backup-directory has the server make them by itself";

export function checkInfo(
  info: InfoJson,
  { isLocal, nowMs }: { readonly isLocal: boolean; readonly nowMs: number },
): readonly Finding[] {
  return [
    checkOpenness(info.access.asks_for_token, isLocal),
    checkDurability(info.store),
    checkIntegrity(info.store),
    checkBackups(info, nowMs),
    checkLoad(info),
  ];
}

function checkOpenness(asksForToken: boolean, isLocal: boolean): Finding {
  if (asksForToken) return ok("access", "the server asks for tokens");
  return isLocal
    ? ok("access", "no token is asked for; whoever is on this machine may do everything")
    : warn(
        "access",
        "whoever reaches the server may read, write and delete everything",
        "keyhold token create --name admin --scope all --url URL turns tokens on",
      );
}

function checkDurability({ engine, durability, promise }: InfoJson["store"]): Finding {
  const detail = `${engine}: an acknowledged write has outlived ${durability === "delegated" ? promise : durability}`;
  switch (durability) {
    case "power-loss":
      return ok("durability", `${engine}: an acknowledged write outlives a loss of power`);
    case "process-crash":
      return warn(
        "durability",
        `${engine}: a loss of power may take acknowledged writes`,
        "Serve with --durability full, the default",
      );
    case "none":
      return warn(
        "durability",
        "the store is in memory: every entry ends with the server",
        "Serve with --store DIRECTORY",
      );
    default:
      return promise === "applied"
        ? warn(
            "durability",
            `${engine}: a write is acknowledged once it is applied on one server`,
            "--promise fsync, or replicated:1, says more (docs/scale.md)",
          )
        : ok("durability", detail);
  }
}

function checkIntegrity({ integrity, integrity_detail }: InfoJson["store"]): Finding {
  switch (integrity) {
    case "damaged":
    case "failed":
      return fail(
        "integrity",
        `the check of all entries has found: ${integrity_detail ?? integrity}`,
        "keyhold verify STORE names the entries; keyhold restore brings a backup back",
      );
    case "running":
      return ok("integrity", "all entries are being checked, after an unclean stop");
    default:
      return ok(
        "integrity",
        integrity === "passed" ? "all entries have been checked, and are sound" : "the last stop was in order",
      );
  }
}

function checkBackups({ backups, store }: InfoJson, nowMs: number): Finding {
  if (store.engine !== "sqlite") return ok("backups", `are made where the store is: ${store.engine}`);
  if (backups === null) return warn("backups", "the server makes none by itself", BACKUP_CURE);
  if (backups.last_at === null)
    return warn("backups", `none has been made yet; ${backups.failures} have failed`, BACKUP_CURE);
  if (backups.failures > 0) {
    return warn(
      "backups",
      `${backups.failures} have failed since the start; the last good one is of ${backups.last_at}`,
      "Look into the server's log for backup-failed",
    );
  }
  const ageMs = nowMs - Date.parse(backups.last_at);
  return judgeBackup({ name: `of ${backups.last_at}`, ageMs, bytes: backups.last_bytes ?? 0 }, BACKUP_CURE);
}

function checkLoad({ store, watchers, limits }: InfoJson): Finding {
  const detail = `${store.entries} entries; ${store.queued_commits} commits wait; ${watchers} of ${limits.watchers} watchers`;
  if (store.queued_commits > QUEUE_MAX) {
    return warn("load", detail, "More is written than the disk takes: look at keyhold_commit_duration_seconds");
  }
  return watchers > limits.watchers * 0.9
    ? warn("load", detail, "Raise --watchers, or look for clients that do not end theirs")
    : ok("load", detail);
}
