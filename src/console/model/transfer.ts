// Export and import as somebody asks for them on the page: progress while they run, and what has come of them.
import { type ReadonlySignal, signal } from "@preact/signals";
import { openDownload, saveFile } from "../browser.ts";
import { type Ask, ask, query, withText } from "./ask.ts";
import { isAbort, toFault } from "./fault.ts";
import { inBatches, toImportLines } from "./import-lines.ts";
import type { Notices } from "./notices.ts";
import type { Requests } from "./requests.ts";
import { plural } from "./words.ts";

export type OnConflict = "replace" | "skip" | "fail";

export interface Progress {
  readonly what: string;
  readonly done: number;
  /** Null where nobody knows. */
  readonly all: number | null;
}

export interface ImportPlan {
  readonly fileName: string;
  readonly lines: readonly string[];
  readonly what: "export" | "pairs";
}

interface Counts {
  readonly imported: number;
  readonly skipped: number;
  readonly expired: number;
}

export class Transfer {
  readonly #requests: Requests;
  readonly #notices: Notices;
  readonly #progress = signal<Progress | null>(null);
  #running = new AbortController();

  constructor({ requests, notices }: { readonly requests: Requests; readonly notices: Notices }) {
    this.#requests = requests;
    this.#notices = notices;
  }

  get progress(): ReadonlySignal<Progress | null> {
    return this.#progress;
  }

  stop(): void {
    this.#running.abort();
  }

  /** @param hasToken - a download by the browser itself sends none, so that the page reads the stream and then saves it */
  async export(prefix: string, hasToken: boolean): Promise<void> {
    const request = exportAsk(prefix);
    const name = `keyhold-export${prefix === "" ? "" : `-${prefix.replaceAll(/\W+/g, "-")}`}.ndjson`;
    if (!hasToken) {
      openDownload(request.target, name);
      return;
    }
    await this.#run("Exporting", async (signal) => {
      const response = await this.#requests.act("Export", request, signal);
      saveFile(name, await this.#gather(response));
      this.#notices.tell("Exported");
    });
  }

  /** Not every browser iterates over a stream: it is read by hand. */
  async #gather(response: Response): Promise<Blob> {
    const parts: BlobPart[] = [];
    const reader = response.body?.getReader();
    let bytes = 0;
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      parts.push(part.value);
      bytes += part.value.length;
      this.#progress.value = { what: "Exporting, kB", done: Math.round(bytes / 1000), all: null };
    }
    return new Blob(parts, { type: "application/x-ndjson" });
  }

  /** @returns null where the file cannot be imported, which is told */
  async plan(file: File): Promise<ImportPlan | null> {
    try {
      return { fileName: file.name, ...toImportLines(await file.text()) };
    } catch (error) {
      this.#notices.tellFault({ ...toFault(error), title: "This file cannot be imported" });
      return null;
    }
  }

  /** Sends the lines in batches, each of which is written whole or not at all. */
  async import({ lines }: ImportPlan, onConflict: OnConflict): Promise<void> {
    await this.#run("Importing", async (signal) => {
      let counts: Counts = { imported: 0, skipped: 0, expired: 0 };
      let done = 0;
      try {
        for (const batch of inBatches(lines)) {
          const request = withText(importAsk(onConflict), `${batch.join("\n")}\n`);
          const response = await this.#requests.act("Import", request, signal);
          counts = added(counts, await response.json());
          done += batch.length;
          this.#progress.value = { what: "Importing", done, all: lines.length };
        }
      } finally {
        if (done > 0) this.#notices.tell(importWords(counts));
      }
    });
  }

  async #run(what: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.#progress.value = { what, done: 0, all: null };
    try {
      await work(signal);
    } catch (error) {
      if (isAbort(error, signal)) this.#notices.tell("Stopped");
      else this.#notices.tellFault(toFault(error));
    } finally {
      this.#progress.value = null;
    }
  }
}

export function exportAsk(prefix: string): Ask {
  return ask("GET", `/-/export${query({ prefix })}`);
}

export function importAsk(onConflict: OnConflict): Ask {
  return ask("POST", `/-/import${query({ on_conflict: onConflict })}`, { "Content-Type": "application/x-ndjson" });
}

function added(counts: Counts, answer: unknown): Counts {
  const read = (name: keyof Counts) => counts[name] + numberIn(answer, name);
  return { imported: read("imported"), skipped: read("skipped"), expired: read("expired") };
}

function numberIn(answer: unknown, name: string): number {
  if (typeof answer !== "object" || answer === null) return 0;
  return Number(new Map(Object.entries(answer)).get(name) ?? 0);
}

function importWords({ imported, skipped, expired }: Counts): string {
  const parts = [`Imported ${plural(imported, "key")}`];
  if (skipped > 0) parts.push(`${skipped} skipped, as they were there`);
  if (expired > 0) parts.push(`${expired} had ended`);
  return parts.join("; ");
}
