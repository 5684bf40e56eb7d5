// Finds damage in the write-ahead log before SQLite reads it. SQLite ends recovery at the first frame whose checksum fails
// and drops the rest without a word: right for the tail of a crash, wrong for one flipped bit in the middle, which would
// silently undo acknowledged commits behind it. The two can be told apart: a crash leaves at most one unfinished commit,
// so two or more commits of the same log generation beyond the recovered end mean damage (sqlite.org/fileformat2.html §4).
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { PAGE_BYTES } from "./layout.ts";

export interface LogScan {
  /** Frames that SQLite will recover. */
  readonly recoveredFrames: number;
  /** Commits of the same generation that it would drop, as far as whole frames tell of them. */
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
  const isKnown = magic === MAGIC || magic === MAGIC_BIG_ENDIAN;
  const isWhole = (isBig: boolean) =>
    isSame(addToChecksum([0, 0], view, 0, 24, isBig), [view.getUint32(24), view.getUint32(28)]);
  const isHeaderWhole = isKnown && isWhole(magic === MAGIC_BIG_ENDIAN);
  // What a damaged header says of the order is not to be trusted: the log was written here.
  const isBigEndian = isHeaderWhole ? magic === MAGIC_BIG_ENDIAN : endianness() === "BE";
  const checksum = addToChecksum([0, 0], view, 0, 24, isBigEndian);
  const pageBytes = isHeaderWhole ? view.getUint32(8) : PAGE_BYTES;
  return { isHeaderWhole, pageBytes, isBigEndian, salt: [view.getUint32(16), view.getUint32(20)], checksum };
}

function scanFrames(file: number, generation: Generation): LogScan {
  const chain = new Chain(generation);
  let isChainWhole = generation.isHeaderWhole;
  let frames = 0;
  let recoveredFrames = 0;
  const dropped = new Map<string, DroppedCommits>();
  for (const frame of readFrames(file, generation.pageBytes)) {
    frames++;
    const salt = [frame.getUint32(8), frame.getUint32(12)];
    const hasSalt = salt[0] === generation.salt[0] && salt[1] === generation.salt[1];
    // Behind a whole header only its own generation counts, also of a frame in whose salt a bit has flipped: those of others share
    // neither half. A damaged header cannot say which generation is its own, and any may be it.
    if (generation.isHeaderWhole && salt[0] !== generation.salt[0] && salt[1] !== generation.salt[1]) {
      isChainWhole = false;
      chain.skip(frame);
      continue;
    }
    const fit = chain.add(frame);
    isChainWhole &&= hasSalt && fit === "running";
    if (isChainWhole && isCommit(frame)) {
      recoveredFrames = frames;
      dropped.clear();
      continue;
    }
    const name = generation.isHeaderWhole ? "own" : `${salt}`;
    const commits = dropped.get(name) ?? new DroppedCommits();
    dropped.set(name, commits);
    commits.add(frame, fit !== "none");
  }
  const counts = [...dropped.values()];
  return {
    recoveredFrames,
    droppedCommits: Math.max(0, ...counts.map(({ commits }) => commits)),
    droppedFrames: Math.max(0, ...counts.map((count) => count.frames)),
  };
}

/** Which frames go on from the one before them, by checksum, also behind one that is damaged. */
class Chain {
  readonly #generation: Generation;
  /** As reckoned so far, and as it stands in the frame before: they differ where that frame is damaged. */
  #running: Checksum;
  #stored: Checksum;

  constructor(generation: Generation) {
    this.#generation = generation;
    this.#running = generation.checksum;
    this.#stored = generation.checksum;
  }

  /** Takes the frame for what it says: it is of another generation. */
  skip(frame: DataView): void {
    this.#stored = storedIn(frame);
    this.#running = this.#stored;
  }

  /** "running": from what was reckoned; "stored": from what stands in the frame before; "none": it is damaged, or torn. */
  add(frame: DataView): "running" | "stored" | "none" {
    const stored = storedIn(frame);
    const reckoned = this.#reckon(this.#running, frame);
    const before = this.#stored;
    this.#stored = stored;
    this.#running = stored;
    if (isSame(reckoned, stored)) return "running";
    if (isSame(this.#reckon(before, frame), stored)) return "stored";
    this.#running = reckoned;
    return "none";
  }

  #reckon(before: Checksum, frame: DataView): Checksum {
    const { isBigEndian, pageBytes } = this.#generation;
    const head = addToChecksum(before, frame, 0, 8, isBigEndian);
    return addToChecksum(head, frame, FRAME_HEADER_BYTES, pageBytes, isBigEndian);
  }
}

/**
 * Counts commits by the frames that are whole alone. A crash tears frames sector by sector, and the beginning of a head may be that of
 * the generation before, with its commit mark. So marks of frames that are not whole say nothing; but a commit has no page twice, so a
 * page that comes again tells of a commit whose mark is damaged. But for its last frame: a page that a full cache has sent to the log
 * before is overwritten there, unless it is the last of the commit, which is written behind the others once more.
 */
class DroppedCommits {
  commits = 0;
  frames = 0;
  /** Of the commit that is looked at. */
  readonly #pages = new Set<number>();

  add(frame: DataView, isWhole: boolean): void {
    this.frames++;
    const page = frame.getUint32(0);
    // No page has the number 0: a row of zeros fits itself, and is none of ours.
    if (!isWhole || page === 0) return;
    const isLast = isCommit(frame);
    if (!isLast && this.#pages.has(page)) this.#endCommit();
    this.#pages.add(page);
    if (isLast) this.#endCommit();
  }

  #endCommit(): void {
    this.commits++;
    this.#pages.clear();
  }
}

function storedIn(frame: DataView): Checksum {
  return [frame.getUint32(16), frame.getUint32(20)];
}

function isCommit(frame: DataView): boolean {
  return frame.getUint32(4) !== 0;
}

function isSame(left: Checksum, right: Checksum): boolean {
  return left[0] === right[0] && left[1] === right[1];
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
