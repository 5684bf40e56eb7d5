// Backups that the server makes by itself.
import { duration, fileOrNone, wholeNumber } from "../formats.ts";
import { option } from "../option.ts";

export const BACKUPS = {
  backupDirectory: option(fileOrNone("DIRECTORY"), {
    name: "backup-directory",
    default: "none",
    group: "Backups",
    help: "Directory that the server puts a backup into at each --backup-interval; better on another disk than the store",
  }),
  backupIntervalMs: option(duration({ least: "1m", most: "365d" }), {
    name: "backup-interval",
    default: "24h",
    group: "Backups",
    help: "Time from one such backup to the next; after a restart it counts from the youngest that is there",
  }),
  backupsKept: option(wholeNumber({ least: 1, most: 10_000 }), {
    name: "backup-keep",
    default: "7",
    group: "Backups",
    help: "Backups that are kept in that directory; older ones are deleted once a new one is whole",
  }),
};
