// Where an import goes: to a running server, or into a store of this machine that no server holds.
import { resolve } from "node:path";
import { KeyholdError } from "../core/errors.ts";
import { type ConflictPolicy, type Imported, importEntries } from "../service/transfer.ts";
import { taggedPart } from "../store/partitions.ts";
import { parseExportLine } from "../wire/export-format.ts";
import { MEDIA } from "../wire/headers.ts";
import type { CommandContext } from "./command.ts";
import { loadStoreConfig, makeCommandLog } from "./command-store.ts";
import { decodeLine } from "./export-lines.ts";
import type { StorePlace } from "./place.ts";
import { askForJson, type Remote } from "./remote.ts";

/** Lines of entries for one commit. */
export interface Chunk {
  readonly lines: readonly Uint8Array[];
  /** How far the file has come with them. */
  readonly fileBytes: number;
}

export interface Importer {
  /** Of the store that is written to: another one after a restore, or elsewhere. */
  incarnation(): Promise<string>;
  /** Puts a chunk, once under this name; the counts with it. @throws "unavailable" and what the store refuses */
  put(chunk: Chunk, name: string, counts: Imported): Promise<Imported>;
  close(): Promise<void>;
}

/** The part of /-/info that is needed here. */
interface InfoJson {
  readonly store: {
    readonly incarnation: string;
    /** Missing in servers of before there were partitions. */
    readonly atomicity?: string;
  };
}

/** Parts of a chunk under way at once, where each partition needs a request of its own. */
const PARTS_MAX = 8;

/** @throws BadConfig, and as openEntries() */
export async function openImporter(
  place: StorePlace,
  terms: { readonly context: CommandContext; readonly policy: ConflictPolicy; readonly signal: AbortSignal },
): Promise<Importer> {
  const { context, policy, signal } = terms;
  const importer =
    "remote" in place ? toServer(place.remote, policy, signal) : await toStore(place.directory, policy, context);
  return {
    incarnation: () => importer.incarnation(),
    close: () => importer.close(),
    async put(chunk, name, counts) {
      if (signal.aborted) throw new KeyholdError("unavailable", "Stopped before the end");
      return chunk.lines.length === 0 ? counts : importer.put(chunk, name, counts);
    },
  };
}

function toServer(remote: Remote, policy: ConflictPolicy, signal: AbortSignal): Importer {
  const askInfo = () => askForJson<InfoJson>(remote, { method: "GET", target: "/-/info", signal });
  let info: Promise<InfoJson> | null = null;
  const putPart = (lines: readonly Uint8Array[], name: string) =>
    askForJson<Imported>(remote, {
      method: "POST",
      target: `/-/import?on_conflict=${policy}`,
      // Only there does putting a chunk a second time mean something else; a record costs room in the store.
      headers: { "Content-Type": MEDIA.ndjson, ...(policy === "fail" && { "Idempotency-Key": `import-${name}` }) },
      body: Uint8Array.from(Buffer.concat(lines)),
      signal,
    });
  return {
    incarnation: async () => (await askInfo()).store.incarnation,
    async put({ lines }, name, counts) {
      info ??= askInfo();
      const { store } = await info;
      if (store.atomicity !== "partition") return add(counts, await putPart(lines, name));
      // Which keys lie together is not known here, but that those of one tag do.
      const parts = [...Map.groupBy(lines, (line) => taggedPart(keyOf(line))).values()];
      let total = counts;
      for (let first = 0; first < parts.length; first += PARTS_MAX) {
        const some = parts.slice(first, first + PARTS_MAX);
        const became = await Promise.all(some.map((part, index) => putPart(part, `${name}-${first + index}`)));
        total = became.reduce(add, total);
      }
      return total;
    },
    close: async () => {},
  };
}

function keyOf(line: Uint8Array): string {
  const parsed = parseExportLine(decodeLine(line));
  if (parsed.is !== "entry") throw new RangeError("The line of an entry was read as another");
  return parsed.entry.key;
}

async function toStore(directory: string, policy: ConflictPolicy, context: CommandContext): Promise<Importer> {
  const config = loadStoreConfig(context, { store: `sqlite:${resolve(directory)}` });
  const { openEntries } = await import("../compose.ts");
  const { entries, incarnation, close } = await openEntries(config, makeCommandLog(context.host));
  return {
    incarnation: async () => incarnation,
    async put({ lines }, _, counts) {
      const chunk = lines.flatMap((line) => {
        const parsed = parseExportLine(decodeLine(line));
        return parsed.is === "entry" ? [parsed.entry] : [];
      });
      return add(counts, await importEntries(entries, chunk, policy));
    },
    close,
  };
}

function add(a: Imported, b: Imported): Imported {
  return { imported: a.imported + b.imported, skipped: a.skipped + b.skipped, expired: a.expired + b.expired };
}
