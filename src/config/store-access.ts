// Who Keyhold is to the servers of its store: user, password and certificate authority, from the URL and from files. A
// password stands in a file so that neither the list of processes nor a log shows it; nothing here says what a file holds.
import { readFileSync, statSync } from "node:fs";
import { KeyholdError } from "../core/errors.ts";
import type { Config } from "./options.ts";
import type { ValkeyLocation } from "./store-location.ts";

export interface Credentials {
  readonly user: string | null;
  readonly password: string | null;
}

export interface StoreAccess extends Credentials {
  /** PEM text of the certificates that are trusted instead of the system's; null for the system's, or without TLS. */
  readonly ca: string | null;
  /** For the Sentinels themselves, which have users of their own. */
  readonly sentinel: Credentials;
}

type AccessOptions = Pick<
  Config,
  "storeUser" | "storePasswordFile" | "storeCa" | "sentinelUser" | "sentinelPasswordFile"
>;

/** Of a file: far beyond any password or chain of certificates. */
const BYTES_MAX = 1024 * 1024;

/** Reads the files named. @throws "invalid-parameter" with what is wrong; never with what a file holds */
export function readStoreAccess(options: AccessOptions, location: ValkeyLocation): StoreAccess {
  return {
    user: location.user ?? options.storeUser,
    password: location.password ?? readPassword(options.storePasswordFile, "--store-password-file"),
    ca: readCertificates(options.storeCa),
    sentinel: {
      user: options.sentinelUser,
      password: readPassword(options.sentinelPasswordFile, "--sentinel-password-file"),
    },
  };
}

/** Without the line break at the end that editors add; blanks elsewhere are part of it. */
function readPassword(path: string | null, option: string): string | null {
  if (path === null) return null;
  const password = readText(path, option).replace(/\r?\n$/, "");
  if (password === "") throw refusal(path, option, "it is empty");
  if (/[\r\n\0]/.test(password)) throw refusal(path, option, "it has more than one line; it holds the password alone");
  return password;
}

function readCertificates(path: string | null): string | null {
  if (path === null) return null;
  const text = readText(path, "--store-ca");
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw refusal(path, "--store-ca", "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  }
  return text;
}

function readText(path: string, option: string): string {
  try {
    // Reading a pipe would hold up the whole process until somebody writes into it.
    const found = statSync(path);
    if (found.isFile() && found.size <= BYTES_MAX) return readFileSync(path, "utf8");
  } catch (error) {
    throw refusal(path, option, error instanceof Error ? error.message : String(error));
  }
  throw refusal(path, option, `it is no file of at most ${BYTES_MAX} bytes`);
}

function refusal(path: string, option: string, why: string): KeyholdError {
  return new KeyholdError("invalid-parameter", `Cannot use ${option} ${path}: ${why}`);
}
