// Writes that name themselves by Idempotency-Key (contract §11; draft-ietf-httpapi-idempotency-key-header): the name and what
// is asked become digests here; that it happens once is the engine's part.
import { createHash } from "node:crypto";
import { KeyholdError } from "../core/errors.ts";
import { Attempt } from "../service/attempt.ts";
import type { Store } from "../store/store.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";
import { TappedIncoming } from "./tapped-incoming.ts";

/** 1 to 255 of visible ASCII, with or without the quotes that the draft asks for. */
const NAME = /^(?:"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;
const WRITES: readonly string[] = ["PUT", "POST", "PATCH", "DELETE"];

export interface NamedRequest {
  /** Reads as the request itself, and remembers what has been read. */
  readonly incoming: Incoming;
  readonly attempt: Attempt;
}

/** The name that a write gives itself; null where it does not, and for reads. @throws "invalid-header" on what is no name */
export function readIdempotencyKey(incoming: Incoming): string | null {
  const field = WRITES.includes(incoming.method) ? incoming.header(FIELD.idempotencyKey) : null;
  if (field === null) return null;
  const [, quoted, bare] = NAME.exec(field) ?? [];
  const name = quoted ?? bare;
  if (name === undefined) {
    throw new KeyholdError(
      "invalid-header",
      "Cannot use this Idempotency-Key: 1 to 255 visible ASCII characters are needed, such as a UUID",
    );
  }
  return name;
}

/**
 * The write under its name, with what is known of an earlier one.
 *
 * @param owner - whose name it is: the id of a token; "" for everybody while none is asked for
 */
export async function nameRequest(
  incoming: Incoming,
  { name, owner }: { readonly name: string; readonly owner: string },
  store: Store,
): Promise<NamedRequest> {
  let body: Uint8Array | null = null;
  const remembering = new TappedIncoming(incoming, (read) => {
    body = read;
    return null;
  });
  // Asked for when the body has been read, if there is one to read.
  const fingerprint = () => {
    const contentType = incoming.header(FIELD.contentType) ?? "";
    return digest(incoming.method, "\0", incoming.target, "\0", contentType, "\0", body ?? "");
  };
  const attempt = await Attempt.begin(store, digest(owner, "\0", name), fingerprint);
  return { incoming: remembering, attempt };
}

function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
