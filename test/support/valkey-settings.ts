// What tests may choose of a Valkey server, and the lines of its configuration that follow.
import { readFileSync } from "node:fs";
import { makeCertificate } from "./certificate.ts";
import type { WireAccess } from "./valkey-wire.ts";

export interface ServerSettings {
  /** The server's program; what VALKEY_SERVER names, or is on the path, where it is not given. */
  readonly program?: string | null;
  /** The log of commands; without it a restart begins empty, as nothing else is kept. */
  readonly appendFsync?: "always" | "everysec" | null;
  /** Asked of the default user, of replicas, and of `user`. */
  readonly password?: string | null;
  /** A further user that may do everything, with the same password. */
  readonly user?: string | null;
  /** Whether the port takes TLS and nothing else; so do replicas and the cluster's bus. */
  readonly tls?: boolean;
  /** Further lines of the configuration, such as "maxmemory 10mb". */
  readonly lines?: readonly string[];
  /** Where the node of this number stands, for tests with several networks; on 127.0.0.1 where it is not given. */
  readonly placeOf?: (index: number) => Place;
}

export interface Place {
  /** The address that it listens on. */
  readonly host: string;
  /** A command that runs the server's command behind it. */
  readonly launcher: readonly string[];
}

export const HERE: Place = { host: "127.0.0.1", launcher: [] };

/** How the tests' own connections get in. */
export function accessOf({ password = null, tls = false }: ServerSettings): WireAccess {
  return { user: null, password, tls };
}

/** Of a data node, without its port, address and directory. */
export function dataLines(settings: ServerSettings): readonly string[] {
  const { appendFsync = null, password = null, user = null, lines = [] } = settings;
  return [
    'save ""',
    "enable-debug-command yes",
    // A replica is filled at once, and not five seconds later.
    "repl-diskless-sync-delay 0",
    ...(appendFsync === null ? ["appendonly no"] : ["appendonly yes", `appendfsync ${appendFsync}`]),
    ...(password === null ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
    ...(user === null ? [] : [`user ${user} on ${password === null ? "nopass" : `>${password}`} ~* &* +@all`]),
    ...lines,
  ];
}

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM; the certificate is its own authority. */
  readonly ca: string;
}

/** For localhost and 127.0.0.1; null without TLS. */
export function certificateFor({ tls = false }: ServerSettings, directory: string): Certificate | null {
  if (!tls) return null;
  const { cert, key } = makeCertificate(directory, "valkey");
  return { certPath: cert, keyPath: key, ca: readFileSync(cert, "utf8") };
}

/** The port, and how one speaks to it. */
export function portLines(port: number, certificate: Certificate | null): readonly string[] {
  if (certificate === null) return [`port ${port}`];
  return [
    "port 0",
    `tls-port ${port}`,
    `tls-cert-file ${certificate.certPath}`,
    `tls-key-file ${certificate.keyPath}`,
    `tls-ca-cert-file ${certificate.certPath}`,
    "tls-auth-clients no",
    "tls-replication yes",
  ];
}
