// Where an import goes: to a running server, or into a store of this machine that no server holds.
import { loadConfig } from "../config/load.ts";
import { KeyholdError } from "../core/errors.ts";
import { makeLog } from "../observe/log.ts";
import { CONFLICT_POLICIES, importEntries } from "../service/transfer.ts";
import { parseExportLine } from "../wire/export-format.ts";
import { MEDIA } from "../wire/headers.ts";
import { decodeLine } from "./export-lines.ts";
import type { StorePlace } from "./place.ts";
import { askForJson, type Remote } from "./remote.ts";

export interface Counts {
  readonly imported: number;
  readonly skipped: number;
  readonly expired: number;
}

/** Lines of entries for one commit. */
export interface Chunk {
  readonly lines: readonly Uint8Array[];
  /** How far the file has come with them. */
  readonly fileBytes: number;
}

export interface Importer {
  /** Puts a chunk, once under this name; the counts with it. @throws "unavailable" and what the store refuses */
  put(chunk: Chunk, name: string, counts: Counts): Promise<Counts>;
  close(): Promise<void>;
}

export async function openImporter(place: StorePlace, policy: string, signal: AbortSignal): Promise<Importer> {
  const importer = "remote" in place ? toServer(place.remote, policy, signal) : await toStore(place.directory, policy);
  return {
    close: () => importer.close(),
    async put(chunk, name, counts) {
      if (signal.aborted) throw new KeyholdError("unavailable", "Stopped before the end");
      return chunk.lines.length === 0 ? counts : importer.put(chunk, name, counts);
    },
  };
}

function toServer(remote: Remote, policy: string, signal: AbortSignal): Importer {
  return {
    async put({ lines }, name, counts) {
      const became = await askForJson<Counts>(remote, {
        method: "POST",
        target: `/-/import?on_conflict=${policy}`,
        // Only there does putting a chunk a second time mean something else; a record costs room in the store.
        headers: { "Content-Type": MEDIA.ndjson, ...(policy === "fail" && { "Idempotency-Key": `import-${name}` }) },
        body: Uint8Array.from(Buffer.concat(lines)),
        signal,
      });
      return add(counts, became);
    },
    close: async () => {},
  };
}

async function toStore(directory: string, policy: string): Promise<Importer> {
  const { openEntries } = await import("../compose.ts");
  const loaded = loadConfig({ flags: { store: `sqlite:${directory}` }, environment: {}, readFile: () => "" });
  if (loaded.is === "refused") throw new KeyholdError("invalid-parameter", loaded.problems.join("; "));
  const { entries, close } = await openEntries(loaded.config, SILENT);
  const known = CONFLICT_POLICIES.find((each) => each === policy) ?? "replace";
  return {
    async put({ lines }, _, counts) {
      const chunk = lines.flatMap((line) => {
        const parsed = parseExportLine(decodeLine(line));
        return parsed.is === "entry" ? [parsed.entry] : [];
      });
      return add(counts, await importEntries(entries, chunk, known));
    },
    close,
  };
}

const SILENT = makeLog({
  format: "text",
  level: "error",
  accessLog: false,
  write: () => {},
  errorFile: null,
  nowMs: () => 0,
  schedule: () => {},
});

function add(a: Counts, b: Counts): Counts {
  return { imported: a.imported + b.imported, skipped: a.skipped + b.skipped, expired: a.expired + b.expired };
}
