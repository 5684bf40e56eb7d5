// The secret of a token: how it is made, what is kept of it, and how a request carries it (RFC 6750 §2.1). Secrets are random
// and long, so that a fast digest keeps them: there is nothing to guess from it.
import { hash } from "node:crypto";

/** 256 bits: 43 characters of base64url behind the mark by which scanners of leaked secrets know it. */
const SECRET_BYTES = 32;
const SECRET_MARK = "kh_";
/** Lower-case letters and digits; 62 bits. */
const ID_LENGTH = 12;
const ID_MARK = "tk_";
/** One in 256 values is left out, so that each of the 36 is as likely. */
const ID_BYTE_END = 252;
/** Scheme, at least one blank, and the characters of a token68, no longer than any secret of ours or an operator's. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]{1,512}={0,2}) *$/i;

export function makeSecret(): string {
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return SECRET_MARK + random.toBase64({ alphabet: "base64url", omitPadding: true });
}

export function makeTokenId(): string {
  let id = "";
  while (id.length < ID_LENGTH) {
    const [byte = ID_BYTE_END] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < ID_BYTE_END) id += (byte % 36).toString(36);
  }
  return ID_MARK + id;
}

/** SHA-256. */
export function digestOf(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

/** The secret that the field Authorization carries; null where it carries none in this way. */
export function parseBearer(authorization: string): string | null {
  return BEARER.exec(authorization)?.[1] ?? null;
}
