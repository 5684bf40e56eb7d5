// The lines of an export as bytes: cut out of what comes, told apart by how they begin, and counted into the checksum of
// the last one. Nothing here looks into an entry.
import { createHash } from "node:crypto";
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { parseExportLine } from "../wire/export-format.ts";

/** A value of the highest size in Base64, and what is beside it. */
const LINE_BYTES_MAX = 2 * LIMITS.valueCeilingBytes;
const LINE_BREAK = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whole lines, each with its break. What stands behind the last break is not told: `leftBytes` says how much it is. */
export class LineCutter {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** Bytes behind the last line break so far. */
  get leftBytes(): number {
    return this.#waitingBytes;
  }

  /** The lines that end in this part. @throws "invalid-json" on one that is longer than any export's */
  *cut(part: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (let end = part.indexOf(LINE_BREAK); end >= 0; end = part.indexOf(LINE_BREAK, start)) {
      const last = part.subarray(start, end + 1);
      start = end + 1;
      yield this.#waitingBytes === 0 ? last : Buffer.concat([...this.#waiting, last]);
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
    if (start === part.length) return;
    // A copy: who reads a file may use its buffer again.
    this.#waiting.push(part.slice(start));
    this.#waitingBytes += part.length - start;
    if (this.#waitingBytes > LINE_BYTES_MAX) {
      throw new KeyholdError("invalid-json", `Cannot read the export: a line is longer than ${LINE_BYTES_MAX} bytes`);
    }
  }
}

/** Counts lines into the checksum of an export. */
export class ExportTally {
  readonly #hash = createHash("sha256");
  #entries = 0;
  #bytes = 0;

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(line: Uint8Array): void {
    this.#hash.update(line);
    this.#bytes += line.length;
    if (isEntryLine(line)) this.#entries++;
  }

  /** SHA-256 of the lines so far. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** @throws "damaged-entry" unless the last line of an export says the same */
  requireEnd(line: Uint8Array): void {
    const end = parseExportLine(decodeLine(line));
    if (end.is === "end" && end.entries === this.#entries && end.sha256 === this.digest()) return;
    throw new KeyholdError(
      "damaged-entry",
      `The export is damaged: it has ${this.#entries} entries whose checksum is ${this.digest()}, and its last line says otherwise`,
    );
  }
}

export function isEntryLine(line: Uint8Array): boolean {
  return startsWith(line, '{"key":');
}

export function isEndLine(line: Uint8Array): boolean {
  return startsWith(line, '{"entries":');
}

/** @throws "invalid-json" where it is no UTF-8 */
export function decodeLine(line: Uint8Array): string {
  try {
    return decoder.decode(line);
  } catch (error) {
    throw new KeyholdError("invalid-json", "Cannot read the export: a line is no UTF-8", {}, { cause: error });
  }
}

export function cutShort(what: string): KeyholdError {
  return new KeyholdError("damaged-entry", `${what} has been cut short: its last line is missing`);
}

function startsWith(line: Uint8Array, text: string): boolean {
  return (
    line.length >= text.length && Buffer.from(line.buffer, line.byteOffset, text.length).toString("latin1") === text
  );
}
