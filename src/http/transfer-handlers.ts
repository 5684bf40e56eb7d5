// The whole store at once: as a file that a restore takes.
import { KeyholdError } from "../core/errors.ts";
import type { Backup, OpenBackup, Store } from "../store/store.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import type { Reply } from "./exchange.ts";
import type { RouteRequest } from "./routes.ts";

/** The body of an answer to HEAD whose length is not known. */
const UNREAD: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

/** `GET /-/backup`. HEAD makes no copy, so it knows neither length nor digest. @throws "not-supported", and as Backup.open() */
export async function sendBackup({ incoming, parameters, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown([]);
  const backup = requireBackup(services.store);
  const shared = { [FIELD.cacheControl]: "no-store", [FIELD.contentType]: MEDIA.sqlite };
  if (incoming.method === "HEAD") return { status: 200, headers: shared, body: UNREAD };
  incoming.keepOpen();
  const { signal } = incoming;
  const copy = await backup.open({ signal, onProgress: () => {} });
  // A client that goes before it has taken anything never has the parts begun, nor ended.
  signal.addEventListener("abort", () => copy.close());
  if (signal.aborted) copy.close();
  return { status: 200, headers: { ...shared, ...describe(copy) }, body: copy.parts() };
}

function describe({ bytes, revision, sha256 }: OpenBackup): Record<string, string> {
  return {
    [FIELD.backupLength]: String(bytes),
    [FIELD.reprDigest]: `sha-256=:${Uint8Array.fromHex(sha256).toBase64()}:`,
    [FIELD.revision]: String(revision),
    [FIELD.contentDisposition]: `attachment; filename="keyhold-${revision}.db"`,
  };
}

function requireBackup({ engine, backup }: Store): Backup {
  if (backup !== null) return backup;
  throw new KeyholdError(
    "not-supported",
    `Cannot back up a store of the engine ${engine}: it has no backups; one on disk has, --store sqlite:DIRECTORY; GET /-/export works on both`,
  );
}
