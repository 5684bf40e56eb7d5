// Finds damage in the write-ahead log before SQLite reads it. SQLite ends recovery at the first frame whose checksum fails
// and drops the rest without a word: right for the tail of a crash, wrong for one flipped bit in the middle, which would
// silently undo acknowledged commits behind it. The two can be told apart: a crash leaves at most one unfinished commit,
// so two or more commit frames of the same log generation beyond the recovered end mean damage (sqlite.org/fileformat2.html §4).
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { PAGE_BYTES } from "./layout.ts";

export interface LogScan {
  /** Frames that SQLite will recover. */
  readonly recoveredFrames: number;
  /** Commit frames of the same generation that it would drop. */
  readonly droppedCommits: number;
  /** All frames of that generation that it would drop: of the one commit that a crash leaves unfinished, if it is no damage. */
  readonly droppedFrames: number;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const FRAMES_READ_AT_ONCE = 64;

/** Most commits that a crash can leave unfinished: the one that was being written. */
export const DROPPED_COMMITS_MAX = 1;

/** Scans a log file; a missing or empty one has nothing to drop. */
export function scanLog(path: string): LogScan {
  const nothing = { recoveredFrames: 0, droppedCommits: 0, droppedFrames: 0 };
  if (!existsSync(path)) return nothing;
  const file = openSync(path, "r");
  try {
    const header = new Uint8Array(HEADER_BYTES);
    if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return nothing;
    return scanFrames(file, readGeneration(header));
  } finally {
    closeSync(file);
  }
}

interface Generation {
  /** Whether SQLite will take the header; if not, it drops every frame behind it. */
  readonly isHeaderWhole: boolean;
  readonly pageBytes: number;
  readonly isBigEndian: boolean;
  readonly salt: readonly [number, number];
  readonly checksum: Checksum;
}

type Checksum = readonly [number, number];

function readGeneration(header: Uint8Array): Generation {
  const view = viewOf(header);
  const magic = view.getUint32(0);
  const isBigEndian = magic === MAGIC_BIG_ENDIAN;
  const checksum = addToChecksum([0, 0], view, 0, 24, isBigEndian);
  const hasChecksum = checksum[0] === view.getUint32(24) && checksum[1] === view.getUint32(28);
  const isHeaderWhole = hasChecksum && (magic === MAGIC || isBigEndian);
  const pageBytes = isHeaderWhole ? view.getUint32(8) : PAGE_BYTES;
  return { isHeaderWhole, pageBytes, isBigEndian, salt: [view.getUint32(16), view.getUint32(20)], checksum };
}

function scanFrames(file: number, generation: Generation): LogScan {
  let { checksum } = generation;
  let isChainWhole = generation.isHeaderWhole;
  let frames = 0;
  let recoveredFrames = 0;
  const dropped = new Map<string, { commits: number; frames: number }>();
  for (const frame of readFrames(file, generation.pageBytes)) {
    frames++;
    const salt = [frame.getUint32(8), frame.getUint32(12)];
    const hasSalt = salt[0] === generation.salt[0] && salt[1] === generation.salt[1];
    const isCommit = frame.getUint32(4) !== 0;
    if (isChainWhole && hasSalt) {
      checksum = addToChecksum(checksum, frame, 0, 8, generation.isBigEndian);
      checksum = addToChecksum(checksum, frame, FRAME_HEADER_BYTES, generation.pageBytes, generation.isBigEndian);
    }
    isChainWhole &&= hasSalt && checksum[0] === frame.getUint32(16) && checksum[1] === frame.getUint32(20);
    if (isCommit && isChainWhole) {
      recoveredFrames = frames;
      dropped.clear();
      continue;
    }
    // Behind a whole header only its own generation counts, also of a frame in whose salt a bit has flipped: those of others share
    // neither half. A damaged header cannot say which generation is its own, and any may be it.
    const isOwn = salt[0] === generation.salt[0] || salt[1] === generation.salt[1];
    if (generation.isHeaderWhole && !isOwn) continue;
    const name = generation.isHeaderWhole ? "own" : `${salt}`;
    const { commits, frames: before } = dropped.get(name) ?? { commits: 0, frames: 0 };
    dropped.set(name, { commits: commits + (isCommit ? 1 : 0), frames: before + 1 });
  }
  const counts = [...dropped.values()];
  return {
    recoveredFrames,
    droppedCommits: Math.max(0, ...counts.map(({ commits }) => commits)),
    droppedFrames: Math.max(0, ...counts.map((count) => count.frames)),
  };
}

function* readFrames(file: number, pageBytes: number): Generator<DataView> {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const buffer = new Uint8Array(frameBytes * FRAMES_READ_AT_ONCE);
  for (let offset = HEADER_BYTES; ; offset += buffer.length) {
    const length = readSync(file, buffer, 0, buffer.length, offset);
    for (let start = 0; start + frameBytes <= length; start += frameBytes) {
      yield new DataView(buffer.buffer, start, frameBytes);
    }
    if (length < buffer.length) return;
  }
}

/** The checksum of fileformat2.html §4.2 over `length` bytes, a multiple of 8. */
function addToChecksum(
  before: Checksum,
  view: DataView,
  start: number,
  length: number,
  isBigEndian: boolean,
): Checksum {
  let [first, second] = before;
  for (let offset = start; offset < start + length; offset += 8) {
    first = (first + view.getUint32(offset, !isBigEndian) + second) >>> 0;
    second = (second + view.getUint32(offset + 4, !isBigEndian) + first) >>> 0;
  }
  return [first, second];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
