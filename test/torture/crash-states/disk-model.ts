// A disk as a crash may leave it. What a sync has covered is there. Of what was written since, each write may be there, be missing, or
// be there in some of its sectors; changes of names are there up to some point, as a journal keeps their order. Files are images in
// memory: recordings are small.
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { StoreEvent } from "./events.ts";

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

export interface CrashState {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly kept: number;
  readonly dropped: number;
  readonly torn: number;
}

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly length: number };

interface File {
  /** What is sure. */
  image: Buffer;
  /** Since. */
  pending: Change[];
  /** As the running system sees it. */
  length: number;
}

type Names = Map<string, File>;
type Renaming = Extract<StoreEvent, { readonly kind: "create" | "unlink" | "rename" }>;

/** A change of names, with the file that it is about. */
type NameChange = Renaming & { readonly file: File };

/** How the writes that were not synced fare, of ten. */
const MOODS = [
  { kept: 5, torn: 4 },
  { kept: 1, torn: 3 },
  { kept: 1, torn: 8 },
  { kept: 5, torn: 2 },
] as const;

export class DiskModel {
  readonly #names: Names = new Map();
  readonly #sureNames: Names = new Map();
  #pendingNames: NameChange[] = [];
  /** What a sync under way will have made sure. */
  readonly #syncs = new Map<number, () => void>();

  apply(event: StoreEvent): void {
    switch (event.kind) {
      case "create":
        this.#change({ ...event, file: { image: Buffer.alloc(0), pending: [], length: 0 } });
        break;
      case "unlink":
      case "rename":
        this.#change({ ...event, file: this.#file(event.name) });
        break;
      case "write": {
        const file = this.#file(event.name);
        const offset = event.offset ?? file.length;
        file.pending.push({ kind: "write", offset, bytes: event.bytes });
        file.length = Math.max(file.length, offset + event.bytes.length);
        break;
      }
      case "truncate": {
        const file = this.#file(event.name);
        file.pending.push({ kind: "truncate", length: event.length });
        file.length = event.length;
        break;
      }
      case "sync-begins":
        this.#syncs.set(event.id, event.name === null ? this.#coverNames() : coverFile(this.#file(event.name)));
        break;
      case "sync-ends":
        this.#syncs.get(event.id)?.();
        this.#syncs.delete(event.id);
        break;
      case "answer":
        break;
      default:
        event satisfies never;
    }
  }

  /** One of the states that a crash now could leave. */
  crash(random: SeededRandom): CrashState {
    const names = new Map(this.#sureNames);
    const mood = random.pick(MOODS);
    const count = { kept: 0, dropped: 0, torn: 0 };
    const nameChanges = random.below(this.#pendingNames.length + 1);
    for (const change of this.#pendingNames.slice(0, nameChanges)) rename(names, change);
    const images = new Map<File, Buffer>();
    const files = new Map<string, Buffer>();
    for (const [name, file] of names) {
      const image = images.get(file) ?? leaveImage(file, { random, mood, count });
      images.set(file, image);
      files.set(name, image);
    }
    return { files, ...count };
  }

  #change(change: NameChange): void {
    rename(this.#names, change);
    this.#pendingNames.push(change);
  }

  #coverNames(): () => void {
    const covered = new Set(this.#pendingNames);
    return () => {
      for (const change of this.#pendingNames) if (covered.has(change)) rename(this.#sureNames, change);
      this.#pendingNames = this.#pendingNames.filter((change) => !covered.has(change));
    };
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`${name} was changed before it was there`);
    return file;
  }
}

function rename(names: Names, change: NameChange): void {
  if (change.kind === "create") names.set(change.name, change.file);
  else names.delete(change.name);
  if (change.kind === "rename") names.set(change.to, change.file);
}

function coverFile(file: File): () => void {
  const covered = new Set(file.pending);
  return () => {
    for (const change of file.pending) if (covered.has(change)) file.image = applyChange(file.image, change);
    file.pending = file.pending.filter((change) => !covered.has(change));
  };
}

interface Draw {
  readonly random: SeededRandom;
  readonly mood: (typeof MOODS)[number];
  readonly count: { kept: number; dropped: number; torn: number };
}

function leaveImage({ image, pending }: File, { random, mood, count }: Draw): Buffer {
  let left: Buffer = Buffer.from(image);
  for (const change of pending) {
    const fate = random.below(10);
    const sectors = change.kind === "write" ? sectorsOf(change) : [];
    if (fate < mood.kept) {
      left = applyChange(left, change);
      count.kept++;
    } else if (fate < mood.kept + mood.torn && sectors.length > 1) {
      const kept = sectors.filter(() => random.oneIn(2));
      for (const sector of kept) left = applyChange(left, sector);
      if (kept.length === 0) count.dropped++;
      else if (kept.length === sectors.length) count.kept++;
      else count.torn++;
    } else count.dropped++;
  }
  return left;
}

/** The parts of a write by the sectors of the disk that they lie in. */
function sectorsOf({ offset, bytes }: Extract<Change, { readonly kind: "write" }>): readonly Change[] {
  const parts: Change[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + SECTOR_BYTES - ((offset + start) % SECTOR_BYTES));
    parts.push({ kind: "write", offset: offset + start, bytes: bytes.subarray(start, end) });
    start = end;
  }
  return parts;
}

/** In place where it fits. What lies between the end and a write behind it is zero. */
function applyChange(image: Buffer, change: Change): Buffer {
  if (change.kind === "truncate") return resize(image, change.length);
  const end = change.offset + change.bytes.length;
  const target = end > image.length ? resize(image, end) : image;
  change.bytes.copy(target, change.offset);
  return target;
}

function resize(image: Buffer, length: number): Buffer {
  const resized = Buffer.alloc(length);
  image.copy(resized, 0, 0, Math.min(image.length, length));
  return resized;
}
