// The whole store at once: as a file that a restore takes, or as lines that any store takes.
import type { Entry } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import { EVERY_KEY, type Range } from "../core/range.ts";
import type { Entries } from "../service/entries.ts";
import { CONFLICT_POLICIES, type ConflictPolicy, importEntries } from "../service/transfer.ts";
import type { Backup, OpenBackup, Page, Store } from "../store/store.ts";
import { type ExportedEntry, parseExportLine, writeExport } from "../wire/export-format.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { decodeJsonText } from "../wire/json-object.ts";
import { jsonBodyLimit, readBody } from "./body.ts";
import type { Reply } from "./exchange.ts";
import { requireValueSize } from "./json-dialect.ts";
import type { Parameters } from "./parameters.ts";
import type { RouteRequest } from "./route.ts";

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

/** `GET /-/export`, page by page as the client takes them; with `after=`, from behind that key. */
export async function sendExport({ incoming, parameters, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown(["after", "prefix"]);
  const { store, entries } = services;
  const after = parameters.one("after");
  const prefix = parameters.one("prefix") ?? "";
  const range: Range = { ...EVERY_KEY, prefix, after: null, reverse: false, limit: LIMITS.pageEntries };
  const headers = { [FIELD.cacheControl]: "no-store", [FIELD.contentType]: MEDIA.ndjson };
  if (incoming.method === "HEAD") return { status: 200, headers, body: UNREAD };
  const origin = { revision: store.stats().revision, incarnation: store.incarnation, at: entries.now(), prefix };
  // The first page is read before the head is sent, so that what fails at once is answered as a problem.
  const from = { ...range, after: after === null ? null : parseKey(after) };
  const first = await entries.scan(from);
  return { status: 200, headers, body: writeExport(origin, pages(first, from, entries)) };
}

async function* pages(first: Page<Entry>, range: Range, entries: Entries): AsyncGenerator<readonly Entry[]> {
  let page = first;
  for (;;) {
    yield page.items;
    if (page.next === null) return;
    page = await entries.scan({ ...range, after: page.next });
  }
}

/** `POST /-/import`: entries as an export has them, in one commit. Its first and last line may come too, and are passed over. */
export async function takeImport({ incoming, parameters, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown(["on_conflict"]);
  const { entries, facts } = services;
  const policy = readPolicy(parameters);
  const { maxValueBytes } = facts;
  const maxBytes = Math.max(LIMITS.importBytes, 2 * maxValueBytes);
  const text = decodeJsonText(await readBody(incoming, jsonBodyLimit(maxBytes)));
  const chunk = readChunk(text);
  for (const entry of chunk) requireValueSize(entry, entry.key, maxValueBytes);
  const became = await importEntries(entries, chunk, policy);
  return { status: 200, headers: { [FIELD.contentType]: MEDIA.json }, body: `${JSON.stringify(became)}\n` };
}

function readPolicy(parameters: Parameters): ConflictPolicy {
  const text = parameters.one("on_conflict") ?? "replace";
  const policy = CONFLICT_POLICIES.find((each) => each === text);
  if (policy !== undefined) return policy;
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use on_conflict=${quote(text)}: one of ${CONFLICT_POLICIES.join(", ")} is needed`,
    { parameter: "on_conflict" },
  );
}

/** @throws as parseExportLine(); "body-too-large" over LIMITS.batchMutations lines */
function readChunk(text: string): readonly ExportedEntry[] {
  const chunk: ExportedEntry[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length : end + 1;
    if (line.trim() === "") continue;
    const parsed = parseExportLine(line);
    if (parsed.is !== "entry") continue;
    if (chunk.length === LIMITS.batchMutations) throw tooManyLines();
    chunk.push(parsed.entry);
  }
  return chunk;
}

function tooManyLines(): KeyholdError {
  return new KeyholdError(
    "body-too-large",
    `Cannot import more than ${LIMITS.batchMutations} entries at once; send them in parts, as keyhold import does`,
    { limit: LIMITS.batchMutations },
  );
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
