// Access tokens as fields of one hash, each with the number of its making before it. A stored format, layout version 1:
// docs/formats.md.
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { SCOPES, type TokenRecord } from "../../core/token.ts";
import type { Layout } from "./layout.ts";
import { toList, toText } from "./reply-shapes.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Acknowledged, Servers } from "./servers.ts";

/** The field that counts tokens made; no id of one. */
const COUNTER = "#";
const NUMBERED = /^(\d+)\n(.*)$/s;

type StoredToken = Omit<TokenRecord, "id">;

/** As Store.tokens. @throws "damaged-entry" on a record that is none */
export async function readTokens(servers: Pick<Servers, "read">, layout: Layout): Promise<readonly TokenRecord[]> {
  const fields = toList(await servers.read(layout.first.slot, ["HGETALL", layout.tokens])).map(toText);
  const found: { readonly number: number; readonly record: TokenRecord }[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const id = fields[at] ?? "";
    if (id !== COUNTER) found.push(parseToken(id, fields[at + 1] ?? ""));
  }
  return found.sort((a, b) => a.number - b.number).map(({ record }) => record);
}

/** As Store.putToken. */
export function writeToken(
  servers: Pick<Servers, "write">,
  layout: Layout,
  { record: { id, ...stored }, forgottenId }: { readonly record: TokenRecord; readonly forgottenId: string | null },
): Promise<Acknowledged> {
  const isRevoked = stored.revokedAt === null ? "0" : "1";
  const args = [id, JSON.stringify(stored), forgottenId ?? "", isRevoked];
  return servers.write(layout.first.slot, SCRIPTS.token, [layout.tokens], args);
}

function parseToken(id: string, text: string): { readonly number: number; readonly record: TokenRecord } {
  const [, number, json] = NUMBERED.exec(text) ?? [];
  if (json === undefined) {
    throw new KeyholdError("damaged-entry", `The stored access token ${JSON.stringify(id)} is not as it was written`);
  }
  const stored: StoredToken = JSON.parse(json);
  const { name, hash, scopes, prefixes, createdAt, expiresAt, revokedAt } = stored;
  const record: TokenRecord = {
    id,
    name,
    hash,
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    prefixes,
    createdAt: toEpochMs(createdAt),
    expiresAt: expiresAt === null ? null : toEpochMs(expiresAt),
    revokedAt: revokedAt === null ? null : toEpochMs(revokedAt),
  };
  return { number: Number(number), record };
}
