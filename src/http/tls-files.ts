// Certificate and key of the server, read from their files and tried before they are used.
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { KeyholdError } from "../core/errors.ts";

export interface TlsFiles {
  /** PEM, the server's own certificate first. */
  readonly cert: string;
  readonly key: string;
}

/** Their texts. @throws "unavailable" when one cannot be read, or they do not belong together */
export function readTlsFiles({ cert, key }: TlsFiles): TlsFiles {
  const texts = { cert: read(cert, "--tls-cert"), key: read(key, "--tls-key") };
  try {
    createSecureContext(texts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyholdError(
      "unavailable",
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
    throw new KeyholdError("unavailable", `Cannot read the file of ${option}: ${reason}`, {}, { cause: error });
  }
}
