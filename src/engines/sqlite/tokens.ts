// Access tokens as rows: their record as JSON beside a checksum, so that a flipped bit gives nobody more leave. A stored
// format: docs/formats.md.
import type { Database } from "bun:sqlite";
import { crc32 } from "node:zlib";
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { SCOPES, type TokenRecord } from "../../core/token.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { SQL } from "./statements.ts";

/** Columns of the table tokens. */
export interface TokenRow {
  readonly id: string;
  readonly checksum: number;
  readonly record: string;
}

/** All of a token but its id; expires and revoked are null for never. */
type StoredToken = readonly [
  name: string,
  hash: string,
  scopes: readonly string[],
  prefixes: readonly string[],
  createdAt: number,
  expiresAt: number | null,
  revokedAt: number | null,
];

/** First format that has them. */
export const TOKENS_FORMAT = 3;

/** Room that the row of a token takes beside its text, in bytes. */
const ROW_BYTES = 4096;

/** Written within the writer's open transaction. */
export class TokenTable {
  readonly #reserve: Pick<DiskReserve, "grant">;
  readonly #put: ReturnType<Database["prepare"]>;
  readonly #drop: ReturnType<Database["prepare"]>;

  constructor(db: Database, reserve: Pick<DiskReserve, "grant">) {
    this.#reserve = reserve;
    this.#put = db.prepare(SQL.putToken);
    this.#drop = db.prepare(SQL.dropToken);
  }

  /** @throws "no-room" on a disk that is full, but for a token that is revoked: that must always be possible */
  put(record: TokenRecord, forgottenId: string | null): void {
    const text = formatToken(record);
    if (record.revokedAt === null) this.#reserve.grant(ROW_BYTES + text.length);
    if (forgottenId !== null) this.#drop.run(forgottenId);
    this.#put.run(record.id, checksumOf(record.id, text), text);
  }
}

/** @throws "damaged-entry" when the row is not what was written */
export function toToken({ id, checksum, record }: TokenRow): TokenRecord {
  if (checksumOf(id, record) !== checksum) {
    throw new KeyholdError(
      "damaged-entry",
      `The stored access token ${JSON.stringify(id)} does not match its checksum; restore a backup, or bring the entries into a new store by keyhold copy with --no-tokens`,
    );
  }
  const stored: StoredToken = JSON.parse(record);
  const [name, hash, scopes, prefixes, createdAt, expiresAt, revokedAt] = stored;
  return {
    id,
    name,
    hash,
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    prefixes,
    createdAt: toEpochMs(createdAt),
    expiresAt: expiresAt === null ? null : toEpochMs(expiresAt),
    revokedAt: revokedAt === null ? null : toEpochMs(revokedAt),
  };
}

function formatToken({ name, hash, scopes, prefixes, createdAt, expiresAt, revokedAt }: TokenRecord): string {
  const stored: StoredToken = [name, hash, scopes, prefixes, createdAt, expiresAt, revokedAt];
  return JSON.stringify(stored);
}

/** Stored format: CRC-32 of the id, a zero byte and the record's text. */
function checksumOf(id: string, record: string): number {
  return crc32(`${id}\0${record}`);
}
