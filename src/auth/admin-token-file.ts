// The file of --admin-token-file: a token with every right that an operator brings, such as a mounted secret. A file that is
// wrong is a wrong value of the option: the server does not start, by the exit code of those.
import { readFileSync, statSync } from "node:fs";
import { KeyholdError } from "../core/errors.ts";
import { parseBearer } from "./secrets.ts";

const LENGTH_MIN = 32;
/** Of the file: far beyond any secret. */
const BYTES_MAX = 64 * 1024;

/** The secret. @throws "invalid-parameter" with what is wrong and what to do; never with what the file holds */
export function readAdminToken(path: string): string {
  const secret = readText(path).trim();
  if (secret.length < LENGTH_MIN) {
    throw refusal(path, `it has ${secret.length} characters, and ${LENGTH_MIN} at least are needed`);
  }
  // What no request could carry would lock everybody out.
  if (parseBearer(`Bearer ${secret}`) !== secret) {
    throw refusal(path, "it holds other characters than letters, digits and . _ ~ + / - (at most 512)");
  }
  return secret;
}

function readText(path: string): string {
  try {
    // Reading a pipe would hold up the whole server until somebody writes into it.
    const found = statSync(path);
    if (found.isFile() && found.size <= BYTES_MAX) return readFileSync(path, "utf8");
  } catch (error) {
    throw refusal(path, error instanceof Error ? error.message : String(error));
  }
  throw refusal(path, `it is no file of at most ${BYTES_MAX} bytes`);
}

function refusal(path: string, why: string): KeyholdError {
  return new KeyholdError(
    "invalid-parameter",
    `Cannot use --admin-token-file ${path}: ${why}; make one with: openssl rand -base64 48`,
  );
}
