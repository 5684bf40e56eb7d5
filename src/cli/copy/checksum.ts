// The checksum of a store's content: the same for two stores that hold the same keys, values, media types and ends, however
// they keep them. Shown to people, who compare it; what goes into it stands in docs/formats.md.
import { createHash } from "node:crypto";
import type { CopiedEntry } from "./side.ts";

/** SHA-256 over entries in key order: of each a line of JSON with key, type, end and length, then its bytes. */
export class ContentChecksum {
  readonly #hash = createHash("sha256");
  #entries = 0;
  #bytes = 0;

  get entries(): number {
    return this.#entries;
  }

  /** Of values. */
  get bytes(): number {
    return this.#bytes;
  }

  add({ key, contentType, expiresAt, value }: CopiedEntry): void {
    this.#hash.update(`${JSON.stringify([key, contentType, expiresAt, value.length])}\n`);
    this.#hash.update(value);
    this.#entries++;
    this.#bytes += value.length;
  }

  /** Of the entries so far: 64 hexadecimal digits. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

export function isSameContent(a: CopiedEntry, b: CopiedEntry): boolean {
  return a.contentType === b.contentType && a.expiresAt === b.expiresAt && Buffer.compare(a.value, b.value) === 0;
}
