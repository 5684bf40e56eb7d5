// How many connections may be open, by what is asked for and by what the system lets the process open. Without room for one more file
// the system neither hands over a connection nor stops telling of it, and the event loop spins; and a store that cannot open a
// file cannot be backed up. So some files are kept, and who comes beyond is told or turned away while there still is one to do so.
import { readFileSync } from "node:fs";

export interface ConnectionBounds {
  /** One more is told that there are too many. */
  readonly open: number;
  /** Beyond those that are open: so many are told so at once, and further ones closed without a word. */
  readonly turnedAway: number;
  /** Whether the system's limit of open files is why it is no more. */
  readonly isSystems: boolean;
}

/** For the store, its threads, backups and logs: 16 when all is quiet, some 40 when everything is under way. */
const KEPT_FILES = 64;
/** For each thread that serves beside the main one: its event loop, its view of the store and its listener take 5. */
const KEPT_FILES_OF_A_SERVER = 6;
/** Of the files that are not kept. */
const TURNED_AWAY_SHARE = 1 / 8;
const TURNED_AWAY_MAX = 1000;

export interface ConnectionTerms {
  /** Connections that may be open if it were for the operator alone. */
  readonly asked: number;
  /** Files that the process may have open; null where that is not known. */
  readonly filesMax: number | null;
  /** Threads that serve, which have the bounds together. */
  readonly servers: number;
}

export function connectionBounds({ asked, filesMax, servers }: ConnectionTerms): ConnectionBounds {
  if (filesMax === null) return { open: asked, turnedAway: TURNED_AWAY_MAX, isSystems: false };
  const kept = KEPT_FILES + KEPT_FILES_OF_A_SERVER * (servers - 1);
  const usable = filesMax - Math.min(kept, Math.floor(filesMax / 2));
  const turnedAway = Math.min(TURNED_AWAY_MAX, Math.max(1, Math.floor(usable * TURNED_AWAY_SHARE)));
  const open = Math.max(1, usable - turnedAway);
  return { open: Math.min(asked, open), turnedAway, isSystems: open < asked };
}

/** How many files this process may have open, where the system tells (Linux). */
export function openFilesMax(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
