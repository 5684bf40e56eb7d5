// Damage as disks, cables and memory make it: mostly one flipped bit, and now and then more of the same place.
import type { SeededRandom } from "../../support/seeded-random.ts";

export type DamageKind = "bit" | "zeroed bytes" | "overwritten sector" | "overwritten page";

export interface Damage {
  readonly kind: DamageKind;
  readonly offset: number;
  /** As "bit 3 of byte 4711". */
  readonly place: string;
}

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;
/** The kinds of pages (sqlite.org/fileformat2.html §1.6); others hold what is left of long values. */
const INDEX_PAGES = [2, 10];
const TREE_PAGES = [...INDEX_PAGES, 5, 13];
/** Of rounds, one in so many makes more of it than a bit. */
const WIDER_ROUNDS = 8;

/** Changes the bytes in place. @param pickOffset - where in them */
export function damageBytes(bytes: Uint8Array, random: SeededRandom, pickOffset: () => number): Damage {
  const offset = pickOffset();
  if (!random.oneIn(WIDER_ROUNDS)) return flipBit(bytes, offset, random.below(8));
  const kind = random.pick(["zeroed bytes", "overwritten sector", "overwritten page"] as const);
  if (kind === "zeroed bytes") return change(bytes, kind, offset, 1 + random.below(16), () => 0);
  const unit = kind === "overwritten sector" ? SECTOR_BYTES : PAGE_BYTES;
  return change(bytes, kind, offset - (offset % unit), unit, () => random.below(256));
}

function flipBit(bytes: Uint8Array, offset: number, bit: number): Damage {
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  return { kind: "bit", offset, place: `bit ${bit} of byte ${offset}` };
}

function change(bytes: Uint8Array, kind: DamageKind, offset: number, length: number, next: () => number): Damage {
  const end = Math.min(bytes.length, offset + length);
  for (let at = offset; at < end; at++) bytes[at] = next();
  return { kind, offset, place: `${kind} from ${offset} to ${end}` };
}

/**
 * Where a damage of a database counts most: anywhere, in the first pages, where all begins, in the pages of its trees, or in those of
 * its indexes, by which reads, writes and sweeps find their rows.
 */
export function pickInDatabase(bytes: Uint8Array, random: SeededRandom): number {
  const draw = random.below(4);
  if (draw === 0) return random.below(bytes.length);
  if (draw === 1) return random.below(2 * PAGE_BYTES);
  const kinds = draw === 2 ? TREE_PAGES : INDEX_PAGES;
  for (;;) {
    const page = random.below(bytes.length / PAGE_BYTES) * PAGE_BYTES;
    if (kinds.includes(bytes[page] ?? 0)) return page + random.below(PAGE_BYTES);
  }
}

/** In a log: its header, the head of a frame, or anywhere up to the end of what counts. */
export function pickInLog(length: number, random: SeededRandom): number {
  const draw = random.below(4);
  if (draw === 0) return random.below(32);
  if (draw === 1) return 32 + random.below((length - 32) / (24 + PAGE_BYTES)) * (24 + PAGE_BYTES) + random.below(24);
  return random.below(length);
}
