// A running server as a side of a copy: read by its exports, written by imports. It keeps its tokens to itself, and deletes
// nothing here.
import { type EpochMs, toEpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Imported } from "../../service/transfer.ts";
import { taggedPart } from "../../store/partitions.ts";
import { type ExportedEntry, parseExportLine } from "../../wire/export-format.ts";
import { MEDIA } from "../../wire/headers.ts";
import { cutShort, decodeLine, ExportTally, isEndLine, isEntryLine, LineCutter } from "../export-lines.ts";
import { ask, askForJson, type Remote } from "../remote.ts";
import { importLine } from "./import-line.ts";
import type { CopiedEntry, WriteSide } from "./side.ts";

/** The part of /-/info that is needed here. */
interface InfoJson {
  readonly now: string;
  readonly store: {
    readonly incarnation: string;
    readonly entries: number;
    /** Missing in servers of before there were partitions. */
    readonly atomicity?: string;
  };
}

/** Requests for single entries under way at once. */
const READS_MAX = 8;

/** @throws "unavailable" where no server answers */
export async function openServerSide(
  remote: Remote,
  { nowMs, signal }: { readonly nowMs: () => number; readonly signal: AbortSignal },
): Promise<WriteSide> {
  const askInfo = () => askForJson<InfoJson>(remote, { method: "GET", target: "/-/info", signal });
  const { store, now } = await askInfo();
  // Its clock goes as ours does, if not by the same time.
  const aheadMs = Date.parse(now) - nowMs();
  return {
    name: remote.url,
    incarnation: store.incarnation,
    mayBeWritten: true,
    now: (): EpochMs => toEpochMs(Math.trunc(nowMs() + aheadMs)),
    pages: (after) => pagesOf(remote, after, signal),
    read: (keys) => readAll(keys, (key) => readOne(remote, key, signal)),
    entriesAbout: async () => (await askInfo()).store.entries,
    tokens: null,
    log: null,
    valueBytesMax: null,
    // Which keys lie together it keeps to itself, but that those of one tag do.
    partitionOf: store.atomicity === "partition" ? taggedPart : () => "",
    put: (entries, policy) =>
      askForJson<Imported>(remote, {
        method: "POST",
        target: `/-/import?on_conflict=${policy}`,
        headers: { "Content-Type": MEDIA.ndjson },
        body: entries.map(importLine).join(""),
        signal,
      }),
    remove: null,
    putToken: null,
    close: async () => {},
  };
}

/** Pages of the export, whose last line must fit what has come. */
async function* pagesOf(
  remote: Remote,
  after: Key | null,
  signal: AbortSignal,
): AsyncGenerator<readonly CopiedEntry[]> {
  const target = after === null ? "/-/export" : `/-/export?after=${encodeURIComponent(after)}`;
  const { parts } = await ask(remote, { method: "GET", target, signal });
  const cutter = new LineCutter();
  const tally = new ExportTally();
  let hasEnd = false;
  for await (const part of parts) {
    let page: CopiedEntry[] = [];
    let bytes = 0;
    for (const line of cutter.cut(part)) {
      if (isEndLine(line)) {
        tally.requireEnd(line);
        hasEnd = true;
        continue;
      }
      tally.add(line);
      if (!isEntryLine(line)) continue;
      page.push(toEntry(line));
      bytes += line.length;
      if (bytes < LIMITS.stepBytes) continue;
      yield page;
      page = [];
      bytes = 0;
    }
    if (page.length > 0) yield page;
  }
  if (!hasEnd || cutter.leftBytes > 0) throw cutShort(`The export of ${remote.url}`);
}

function toEntry(line: Uint8Array): ExportedEntry {
  const parsed = parseExportLine(decodeLine(line));
  if (parsed.is !== "entry") throw new RangeError("The line of an entry was read as another");
  return parsed.entry;
}

/** The first entry of those that begin with the key is its own, if it has one. */
async function readOne(remote: Remote, key: Key, signal: AbortSignal): Promise<CopiedEntry | null> {
  const target = `/-/export?prefix=${encodeURIComponent(key)}`;
  const { parts } = await ask(remote, { method: "GET", target, signal });
  const cutter = new LineCutter();
  for await (const part of parts) {
    for (const line of cutter.cut(part)) {
      if (isEndLine(line)) return null;
      if (!isEntryLine(line)) continue;
      const entry = toEntry(line);
      return entry.key === key ? entry : null;
    }
  }
  throw cutShort(`The export of ${remote.url}`);
}

async function readAll<T>(keys: readonly Key[], readKey: (key: Key) => Promise<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for (let first = 0; first < keys.length; first += READS_MAX) {
    found.push(...(await Promise.all(keys.slice(first, first + READS_MAX).map(readKey))));
  }
  return found;
}
