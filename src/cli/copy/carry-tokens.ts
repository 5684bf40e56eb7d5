// Access tokens carried from one store to another: by their digests, so that the secrets that people have go on working.
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { TokenRecord } from "../../core/token.ts";
import type { ReadSide, WriteSide } from "./side.ts";

/**
 * Puts what the target has not, or has otherwise. What was revoked on either side stays revoked. How many of the source
 * stand in the target then; null where one of the two is a server, which gives none out and takes none.
 *
 * @throws "no-room" where they would be more than a store keeps
 */
export async function carryTokens(source: ReadSide, target: WriteSide): Promise<number | null> {
  const { putToken } = target;
  if (source.tokens === null || target.tokens === null || putToken === null) return null;
  const records = await source.tokens();
  const standing = new Map((await target.tokens()).map((record) => [record.id, record]));
  const more = records.filter(({ id }) => !standing.has(id)).length;
  if (standing.size + more > LIMITS.tokens) {
    throw new KeyholdError(
      "no-room",
      `Cannot carry ${records.length} access tokens over: ${target.name} has ${standing.size}, and keeps ${LIMITS.tokens}; give --no-tokens to leave them`,
    );
  }
  for (const record of records) {
    const there = standing.get(record.id);
    const carried: TokenRecord = { ...record, revokedAt: record.revokedAt ?? there?.revokedAt ?? null };
    if (there === undefined || !isSame(there, carried)) await putToken(carried);
  }
  return records.length;
}

function isSame(a: TokenRecord, b: TokenRecord): boolean {
  return JSON.stringify(membersOf(a)) === JSON.stringify(membersOf(b));
}

function membersOf({ id, name, scopes, prefixes, createdAt, expiresAt, hash, revokedAt }: TokenRecord) {
  return [id, name, scopes, prefixes, createdAt, expiresAt, hash, revokedAt];
}
