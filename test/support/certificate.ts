// Certificates for tests, made by openssl, which Debian's own packages need and every system has.
import { join } from "node:path";

/** A self-signed certificate of this name and its key, as files. */
export function makeCertificate(directory: string, name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const made = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", key, "-out", cert, "-days", "2", "-subj", `/CN=${name}`],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
  ]);
  if (made.exitCode !== 0) throw new Error(`openssl failed (apt-get install openssl): ${made.stderr.toString()}`);
  return { cert, key };
}
