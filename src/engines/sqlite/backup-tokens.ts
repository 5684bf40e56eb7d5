// Access tokens across a restore. A backup does not know what was revoked after it was made, and a secret that got about
// must not work again because a store was restored: revocations are carried over from the store that is replaced.
import { type Database, SQLiteError } from "bun:sqlite";
import { KeyholdError } from "../../core/errors.ts";
import type { EpochMs } from "../../core/expiry.ts";
import { endedAt, type TokenRecord } from "../../core/token.ts";
import { closeWhole, openReader, readPragma } from "./database.ts";
import type { StoreFiles } from "./layout.ts";
import { SQL } from "./statements.ts";
import { type TokenRow, TokenTable, toToken } from "./tokens.ts";

/** The first format that has tokens. */
const TOKENS_FORMAT = 3;
/** What is restored must have its room already. */
const ROOM_ENOUGH = { grant() {} };

/** When each token was revoked, by id. */
export type Revocations = ReadonlyMap<string, EpochMs>;

/** Of the store that is replaced; null where it cannot be read, as damage may be why it is replaced. */
export function readRevocations(files: StoreFiles): Revocations | null {
  let db: Database | null = null;
  try {
    db = openReader(files);
    const revoked = new Map<string, EpochMs>();
    for (const { id, revokedAt } of readTokens(db)) if (revokedAt !== null) revoked.set(id, revokedAt);
    return revoked;
  } catch (error) {
    if (error instanceof SQLiteError || error instanceof KeyholdError) return null;
    throw error;
  } finally {
    if (db !== null) closeWhole(db);
  }
}

/** Within the open transaction. Returns how many tokens count from then on. */
export function carryRevocations(db: Database, revoked: Revocations, now: EpochMs): number {
  const records = readTokens(db);
  const carried = records.map((record) => ({
    ...record,
    revokedAt: record.revokedAt ?? revoked.get(record.id) ?? null,
  }));
  const changed = carried.filter(({ revokedAt }, index) => revokedAt !== records[index]?.revokedAt);
  if (changed.length > 0) {
    const table = new TokenTable(db, ROOM_ENOUGH);
    for (const record of changed) table.put(record, null);
  }
  return carried.filter((record) => endedAt(record, now) === null).length;
}

function readTokens(db: Database): readonly TokenRecord[] {
  if (Number(readPragma(db, "user_version")) < TOKENS_FORMAT) return [];
  return db.prepare<TokenRow, []>(SQL.everyToken).all().map(toToken);
}
