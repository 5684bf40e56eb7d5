// Checks of the disk that a store lies on: room, free inodes, whether its file system keeps what it says it has, and how long
// it takes to. The numbers of file systems are those of statfs(2).
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { toBytesText } from "../progress.ts";
import { type Finding, fail, ok, timesText, toMs, warn } from "./finding.ts";

const GIB = 1024 ** 3;
/** Free room below which a store may soon take no more, by share and by size. */
const ROOM = { warn: { share: 0.1, bytes: 2 * GIB }, fail: { share: 0.02, bytes: GIB / 4 } };
const INODES_MIN = 1000;
const SYNCS = 12;
const SYNC_BYTES = 4096;
/** A disk that turns, with its cache off, takes some 10 ms; one that answers sooner than this keeps it in memory. */
const SYNC_MS = { slow: 50, verySlow: 500, doubtful: 0.02 };

type Doubt = { readonly name: string; readonly why: string; readonly verdict: "warn" | "fail" };

/** By the magic number of statfs(2). What is not here is taken to be a file system of a disk of this machine. */
const DOUBTFUL: ReadonlyMap<number, Doubt> = new Map([
  [0x01021994, { name: "tmpfs", why: "it is memory: everything is gone after a restart", verdict: "fail" }],
  [0x858458f6, { name: "ramfs", why: "it is memory: everything is gone after a restart", verdict: "fail" }],
  [0x6969, { name: "NFS", why: "locks and syncs depend on the server and its export options", verdict: "fail" }],
  [0x517b, { name: "SMB", why: "locks and syncs are not those of a disk", verdict: "fail" }],
  [0xfe534d42, { name: "SMB", why: "locks and syncs are not those of a disk", verdict: "fail" }],
  [0xff534d42, { name: "CIFS", why: "locks and syncs are not those of a disk", verdict: "fail" }],
  [0x01021997, { name: "9p", why: "a shared folder of a virtual machine may not pass syncs on", verdict: "fail" }],
  [0x786f4256, { name: "vboxsf", why: "a shared folder of a virtual machine does not pass syncs on", verdict: "fail" }],
  [0x65735546, { name: "FUSE", why: "what a sync means is up to the program behind it", verdict: "warn" }],
  [
    0x794c7630,
    { name: "overlayfs", why: "it goes with its container: the store belongs on a volume", verdict: "warn" },
  ],
  [0x00c36400, { name: "Ceph", why: "syncs go over a network", verdict: "warn" }],
] as const);

export function checkDisk(directory: string): readonly Finding[] {
  const { type, bsize, blocks, bavail, files, ffree } = statfsSync(directory);
  return [checkRoom(bavail * bsize, blocks * bsize, directory), checkInodes(ffree, files), kindOf(type)];
}

function checkRoom(free: number, total: number, directory: string): Finding {
  const share = total === 0 ? 1 : free / total;
  const detail = `${toBytesText(free)} of ${toBytesText(total)} are free at ${directory}`;
  const isBelow = (bound: { readonly share: number; readonly bytes: number }) =>
    share < bound.share && free < bound.bytes;
  if (isBelow(ROOM.fail)) {
    return fail("disk-space", detail, "Make room now: at --disk-reserve the server refuses writes with 507 no-room");
  }
  if (isBelow(ROOM.warn)) return warn("disk-space", detail, "Make room, or move the store by keyhold copy");
  return ok("disk-space", detail);
}

function checkInodes(free: number, total: number): Finding {
  // Some file systems make them as they are needed, and count none.
  if (total === 0) return ok("inodes", "the file system makes inodes as they are needed");
  const detail = `${free} of ${total} inodes are free`;
  return free < INODES_MIN
    ? fail("inodes", detail, "Remove files on this disk: no new one can be made once none is free, not even a log")
    : ok("inodes", detail);
}

export function kindOf(type: number): Finding {
  const doubt = DOUBTFUL.get(type);
  if (doubt === undefined)
    return ok("file-system", `no file system that is known to lose syncs (type 0x${type.toString(16)})`);
  const detail = `the store lies on ${doubt.name}: ${doubt.why}`;
  const cure = "Keep the store on a disk of this machine, ext4 or xfs for one; or on Valkey, by --store valkey://";
  return { check: "file-system", verdict: doubt.verdict, detail, cure };
}

/** Writes and syncs a small file in the directory, as a commit does, and takes it away. */
export function checkSync(directory: string, nowMs: () => number): Finding {
  const place = mkdtempSync(join(directory, ".doctor-"));
  const times: number[] = [];
  try {
    const file = openSync(join(place, "sync"), "w", 0o600);
    const block = new Uint8Array(SYNC_BYTES);
    try {
      for (let count = 0; count < SYNCS; count++) {
        const startedAtMs = nowMs();
        writeSync(file, block);
        fsyncSync(file);
        times.push(nowMs() - startedAtMs);
      }
    } finally {
      closeSync(file);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return judgeSync(times);
}

export function judgeSync(timesMs: readonly number[]): Finding {
  const middle = timesMs.toSorted((a, b) => a - b)[Math.floor(timesMs.length / 2)] ?? 0;
  const detail = `a sync of ${SYNC_BYTES} bytes takes ${timesText(timesMs)}`;
  if (middle < SYNC_MS.doubtful) {
    return warn(
      "fsync",
      `${detail}: sooner than any disk can`,
      "Ask whoever runs the disk whether it honours flushes; without that a power cut may take acknowledged writes",
    );
  }
  if (middle >= SYNC_MS.verySlow) {
    return fail(
      "fsync",
      detail,
      "Every commit waits that long: move the store to another disk, or find what keeps this one busy",
    );
  }
  if (middle >= SYNC_MS.slow) {
    return warn(
      "fsync",
      detail,
      `Every commit waits that long (${toMs(SYNC_MS.slow)} is slow); a disk with a protected cache is quicker`,
    );
  }
  return ok("fsync", detail);
}
