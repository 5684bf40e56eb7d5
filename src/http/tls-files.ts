// Certificate and key of the server, read from their files and tried before they are used. Files that are
// wrong are wrong values of their options: the server does not start, by the exit code of those.
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { KeyholdError } from "../core/errors.ts";

export interface TlsFiles {
  /** PEM, the server's own certificate first. */
  readonly cert: string;
  readonly key: string;
}

/** Their texts. @throws "invalid-parameter" when one cannot be read, or they do not belong together */
export function readTlsFiles({ cert, key }: TlsFiles): TlsFiles {
  const texts = { cert: read(cert, "--tls-cert"), key: read(key, "--tls-key") };
  try {
    createSecureContext(texts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot serve TLS with ${cert} and ${key}: ${reason}; both are PEM files, and the key is that of the first certificate`,
      {},
      { cause: error },
    );
  }
  return texts;
}

function read(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyholdError("invalid-parameter", `Cannot read the file of ${option}: ${reason}`, {}, { cause: error });
  }
}
