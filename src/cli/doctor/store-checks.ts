// Checks of a store of this machine, which a server may be using: that it can be read, who may read it, what its disk is like.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { toBytesText } from "../progress.ts";
import { checkDisk, checkSync } from "./disk-checks.ts";
import { type Finding, fail, looked, ok, skip, warn } from "./finding.ts";

const HOUR_MS = 3_600_000;
/** What a server with the connections that are allowed unless changed needs, and something for its files. */
const OPEN_FILES_MIN = 4096;

export interface Clock {
  readonly nowMs: () => number;
  /** To a fraction of a millisecond. */
  readonly tickMs: () => number;
}

export async function checkStore(
  directory: string,
  terms: Clock & { readonly backupDirectory: string | null },
): Promise<readonly Finding[]> {
  const place = resolve(directory);
  const read = await looked("store", "Name the directory of the store by --store", () => checkReading(place));
  // Without one there is nothing more to look at; a disk of another store would be beside the point.
  if (read.some(({ verdict }) => verdict === "fail")) return read;
  return [
    ...read,
    ...(await looked("access", "Look at who owns the directory", () => checkAccess(place))),
    ...(await looked("disk-space", "Look at the disk by df", () => checkDisk(place))),
    ...(await looked("fsync", "Run this as the user of the server", () => checkSync(place, terms.tickMs))),
    ...checkOpenFiles(),
    ...(terms.backupDirectory === null ? [] : [checkBackups(terms.backupDirectory, terms.nowMs())]),
  ];
}

async function checkReading(directory: string): Promise<readonly Finding[]> {
  const { isServed, openSnapshot } = await import("../../engines/archive.ts");
  const snapshot = openSnapshot({ directory });
  try {
    const { incarnation, revision, damage } = snapshot;
    if (damage !== null) {
      const cure = `Restore a backup, or bring what is whole into a new store: keyhold copy ${directory} NEW`;
      return [fail("store", `the store in ${directory} is damaged: ${damage}`, cure)];
    }
    const served = isServed(directory) ? "a server holds it" : "no server holds it";
    return [
      ok("store", `the store in ${directory} can be read: life ${incarnation}, revision ${revision}`),
      ok("held", `${served}; keyhold verify ${directory} reads every entry`),
    ];
  } finally {
    snapshot.close();
  }
}

function checkAccess(directory: string): Finding {
  const { mode } = statSync(directory);
  const others = mode & 0o077;
  const shown = (mode & 0o777).toString(8);
  return others === 0
    ? ok("access", `only its owner may enter ${directory} (mode ${shown})`)
    : warn("access", `others may enter ${directory} (mode ${shown})`, `chmod 700 ${directory}`);
}

/** Of this process, which has those of a server started in the same way. */
function checkOpenFiles(): readonly Finding[] {
  let text: string;
  try {
    text = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return [skip("open-files", "the limit of open files can be read on Linux alone")];
  }
  const [, soft] = /^Max open files\s+(\S+)/m.exec(text) ?? [];
  const limit = soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  const detail = `${soft} files may be open at once in a process started here`;
  return limit >= OPEN_FILES_MIN
    ? [ok("open-files", detail)]
    : [
        warn(
          "open-files",
          detail,
          `ulimit -n ${OPEN_FILES_MIN * 16} before the server is started, or LimitNOFILE= in its unit: each connection is one`,
        ),
      ];
}

/** How old the newest backup of a directory is. */
export function checkBackups(directory: string, nowMs: number): Finding {
  const cure = "keyhold backup FILE, or serve with --backup-directory and --backup-interval";
  const files = readdirSync(directory)
    .filter((name) => name.endsWith(".db"))
    .map((name) => ({ name, ...statOf(join(directory, name)) }));
  const newest = files.toSorted((a, b) => b.mtimeMs - a.mtimeMs)[0];
  if (newest === undefined) return fail("backups", `there is no backup in ${directory}`, cure);
  return judgeBackup({ name: newest.name, ageMs: nowMs - newest.mtimeMs, bytes: newest.size }, cure);
}

function statOf(path: string): { readonly mtimeMs: number; readonly size: number } {
  const { mtimeMs, size } = statSync(path);
  return { mtimeMs, size };
}

/** Two days: one that is made every night, and one night that went wrong. */
const BACKUP_AGE_MS = 48 * HOUR_MS;

export function judgeBackup(
  { name, ageMs, bytes }: { readonly name: string; readonly ageMs: number; readonly bytes: number },
  cure: string,
): Finding {
  const detail = `the last backup, ${name}, is ${Math.floor(Math.max(0, ageMs) / HOUR_MS)} h old and has ${toBytesText(bytes)}`;
  return ageMs > BACKUP_AGE_MS ? warn("backups", detail, cure) : ok("backups", detail);
}
