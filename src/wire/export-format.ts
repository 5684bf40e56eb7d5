// Exports: entries as lines of JSON, byte-exact, with a checksum at the end. A sent and stored format: docs/formats.md.
//
// The first line says where the export comes from, each further one is an entry, the last one counts them and has the
// SHA-256 of all lines before it, line breaks included. A file without a last line has been cut short.
import { createHash } from "node:crypto";
import type { Entry } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, toEpochMs } from "../core/expiry.ts";
import { type Key, parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { requireContentType } from "../core/media-type.ts";
import { quote } from "../core/quote.ts";
import { type Content, contentOfBytes } from "./entry-json.ts";

export const EXPORT_VERSION = 1;

/** Where an export comes from. */
export interface ExportOrigin {
  readonly revision: number;
  readonly incarnation: string;
  /** By the clock of the store. */
  readonly at: EpochMs;
  /** Keys begin so; "" for all. */
  readonly prefix: string;
}

/** An entry as an import takes it: its revision and its instants but the end are those of the store it came from. */
export interface ExportedEntry extends Content {
  readonly key: Key;
  readonly expiresAt: EpochMs | null;
}

export type ExportLine =
  | { readonly is: "origin"; readonly origin: ExportOrigin }
  | { readonly is: "entry"; readonly entry: ExportedEntry }
  | { readonly is: "end"; readonly entries: number; readonly sha256: string };

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The whole export, page by page; each part is of whole lines. */
export async function* writeExport(
  origin: ExportOrigin,
  pages: AsyncIterable<readonly Entry[]>,
): AsyncGenerator<string> {
  const digest = createHash("sha256");
  let entries = 0;
  const first = originLine(origin);
  digest.update(first);
  yield first;
  for await (const page of pages) {
    const part = page.map(entryLine).join("");
    entries += page.length;
    digest.update(part);
    yield part;
  }
  yield endLine(entries, digest.digest("hex"));
}

export function originLine({ revision, incarnation, at, prefix }: ExportOrigin): string {
  const line = { keyhold_export: EXPORT_VERSION, revision, incarnation, at: new Date(at).toISOString(), prefix };
  return `${JSON.stringify(line)}\n`;
}

export function entryLine(entry: Entry): string {
  const { key, contentType, revision, createdAt, modifiedAt, expiresAt } = entry;
  const line = {
    key,
    ...valueMember(entry),
    content_type: contentType,
    revision,
    created_at: new Date(createdAt).toISOString(),
    modified_at: new Date(modifiedAt).toISOString(),
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
  return `${JSON.stringify(line)}\n`;
}

export function endLine(entries: number, sha256: string): string {
  return `${JSON.stringify({ entries, sha256 })}\n`;
}

/** @throws "invalid-json" on a line that is none of an export; "invalid-key", "invalid-header" on one that no store takes */
export function parseExportLine(text: string): ExportLine {
  const line = parseObject(text);
  if ("keyhold_export" in line) return { is: "origin", origin: parseOrigin(line) };
  if ("key" in line) return { is: "entry", entry: parseEntry(line) };
  const { entries, sha256 } = line;
  if (Number.isSafeInteger(entries) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256)) {
    return { is: "end", entries: Number(entries), sha256 };
  }
  throw invalid(`a line is neither an entry nor the beginning or end of an export: ${quote(text.slice(0, 80))}`);
}

/** Text where that is not longer, so that an export can be read and searched. */
function valueMember({ value, form }: Entry): { readonly text: string } | { readonly base64: string } {
  const base64 = value.toBase64();
  if (form === "bytes") return { base64 };
  const text = strictDecoder.decode(value);
  return JSON.stringify(text).length <= Math.max(base64.length, text.length) + 2 ? { text } : { base64 };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    throw new KeyholdError(
      "invalid-json",
      `Cannot read the export: no JSON: ${quote(text.slice(0, 80))}`,
      {},
      { cause: error },
    );
  }
  if (isObject(line)) return line;
  throw invalid(`a line is no JSON object: ${quote(text.slice(0, 80))}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseOrigin(line: Readonly<Record<string, unknown>>): ExportOrigin {
  const { keyhold_export: version, revision, incarnation, prefix = "" } = line;
  if (version !== EXPORT_VERSION) {
    throw invalid(`its format is ${quote(String(version))}, and this version of Keyhold reads ${EXPORT_VERSION}`);
  }
  if (!Number.isSafeInteger(revision) || typeof incarnation !== "string" || typeof prefix !== "string") {
    throw invalid("its first line has no revision or no incarnation");
  }
  return { revision: Number(revision), incarnation, prefix, at: parseInstant(line["at"], "at") };
}

function parseEntry(line: Readonly<Record<string, unknown>>): ExportedEntry {
  const { key: name, content_type: type, expires_at: end = null } = line;
  if (typeof name !== "string") throw invalid(`a key is no text: ${quote(String(name))}`);
  const key = parseKey(name);
  if (typeof type !== "string") throw invalid(`the entry ${quote(name)} has no content_type`);
  const contentType = type === "" ? type : requireContentType(type);
  const value = parseValue(line, name);
  return {
    key,
    ...contentOfBytes(value, contentType),
    expiresAt: end === null ? null : parseInstant(end, "expires_at"),
  };
}

/** Exactly one of the two; Base64 with padding (RFC 4648 §4), nothing else, so that bytes have one spelling. */
function parseValue({ text, base64 }: Readonly<Record<string, unknown>>, name: string): Uint8Array {
  if (typeof text === "string" && base64 === undefined && text.isWellFormed()) return encoder.encode(text);
  if (typeof base64 === "string" && text === undefined) {
    const bytes = decodeBase64(base64);
    if (bytes !== null && bytes.toBase64() === base64) return bytes;
  }
  throw invalid(`the entry ${quote(name)} has neither a text nor padded Base64, or both`);
}

function decodeBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}

function parseInstant(value: unknown, name: string): EpochMs {
  const ms = typeof value === "string" && INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  // The runtime takes the 30th of February for the 2nd of March.
  const isInstant = ms >= 0 && ms <= LIMITS.latestInstantMs && new Date(ms).toISOString() === value;
  if (isInstant) return toEpochMs(ms);
  throw invalid(`${name} is no instant such as 2026-11-20T12:00:00.000Z: ${quote(String(value))}`);
}

function invalid(what: string): KeyholdError {
  return new KeyholdError("invalid-json", `Cannot read the export: ${what}`);
}
