// The writer thread: takes messages from the serving threads, keeps the store with a Writer, and looks after it with an
// Upkeep. It holds no rule of its own; what is here is the life of a thread.
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { type Clock, type HighestInstant, makeClock, toEpochMs } from "../../core/expiry.ts";
import { requireQuota } from "../../core/quota.ts";
import { WriteMarker } from "../../store/write-marks.ts";
import { Checkpointer } from "./checkpointer.ts";
import { closeWhole, openWriter, readPragma, translateOpenError } from "./database.ts";
import { syncStoreNames } from "./directory.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { PAGE_BYTES, type StoreFiles, storeFiles } from "./layout.ts";
import { type FromWriter, type OpenedStore, type ToWriter, toErrorMessage, type WriterOptions } from "./messages.ts";
import { packAnswers } from "./packed-answers.ts";
import { unpackRequests } from "./packed-requests.ts";
import type { ReceiptBounds } from "./receipts.ts";
import { openHighestInstant } from "./shared-instant.ts";
import { isSqliteError } from "./sqlite-errors.ts";
import { readStateRow, type StateRow } from "./state-row.ts";
import { SQL } from "./statements.ts";
import { LAST_PAGES, Upkeep } from "./upkeep.ts";
import { Writer } from "./writer.ts";
import { type WriterClient, WriterClients } from "./writer-clients.ts";
import { WriterTally } from "./writer-tally.ts";

declare const self: Worker;

interface Session {
  readonly db: Database;
  readonly writer: Writer;
  readonly upkeep: Upkeep;
  readonly clients: WriterClients;
  readonly checkpointer: Checkpointer;
  readonly opened: OpenedStore;
}

const steadyMs = () => performance.now();
let session: Session | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let fatalReason: string | null = null;

self.onmessage = ({ data }: MessageEvent<ToWriter>) => {
  switch (data.kind) {
    case "open":
      open(data);
      break;
    case "write": {
      const { clients } = requireSession();
      clients.take(clients.first, unpackRequests(data.packed));
      break;
    }
    case "join":
      join(data.port);
      break;
    case "stop":
      void stop(data.isSound);
      break;
    default:
      data satisfies never;
  }
};

function post(message: FromWriter, moved: readonly ArrayBuffer[] = []): void {
  self.postMessage(message, [...moved]);
}

function open({ options, incarnation, clock, tally, marks }: Extract<ToWriter, { kind: "open" }>): void {
  try {
    const marker = new WriteMarker(marks);
    const shared = { highest: openHighestInstant(clock), tally: new WriterTally(tally), marker };
    session = openSession(options, incarnation, shared);
  } catch (error) {
    post({ kind: "refused", error: toErrorMessage(translateOpenError(error, storeFiles(options.directory))) });
    endThread();
    return;
  }
  post({ kind: "opened", store: session.opened });
  schedule(session, options.sweepIntervalMs);
}

function join(port: MessagePort): void {
  const { clients } = requireSession();
  const client = makeClient((message, moved = []) => port.postMessage(message, [...moved]));
  port.onmessage = ({ data }: { readonly data: ToWriter }) => {
    // One that was left behind at the stop may go on.
    if (data.kind === "write") session?.clients.take(client, unpackRequests(data.packed));
  };
  clients.join(client);
}

function makeClient(say: (message: FromWriter, moved?: readonly ArrayBuffer[]) => void): WriterClient {
  return {
    post: say,
    answer(answers, figures) {
      const packed = packAnswers(answers);
      say({ kind: "answers", packed, figures }, [packed.numbers.buffer]);
    },
  };
}

/** Said after the answers of the group in which it came up, as the process ends on it. */
function reportFatal({ clients }: Session): void {
  if (fatalReason !== null) clients.tell({ kind: "fatal", reason: fatalReason });
}

/** Closes the store, which brings its log in and removes it, and says that it was closed. */
async function stop(isSound: boolean): Promise<void> {
  clearTimeout(timer);
  const { db, writer, clients, checkpointer } = requireSession();
  clients.applyArrived();
  const endCheckpointer = await checkpointer.close();
  if (!writer.hasFailed && isSound) mark(db, 1);
  closeWhole(db);
  session = null;
  await endCheckpointer();
  post({ kind: "stopped" });
  endThread();
}

/** Ends this thread alone, after the messages posted before have left. */
function endThread(): void {
  setImmediate(() => process.exit(0));
}

/** Whether the store is closed. A disk without room for the mark keeps neither from starting nor from stopping. */
function mark(db: Database, isClean: 0 | 1): void {
  try {
    db.run(SQL.markClean, [isClean]);
  } catch (error) {
    if (!isSqliteError(error, "SQLITE_FULL")) throw error;
  }
}

/**
 * A change whose number is damaged may stand where a later one is to be logged, and every write would fail from there on. What cannot
 * be removed keeps no store from being read: a write meets it.
 */
function dropChangesBeyond(db: Database, sequence: number): void {
  try {
    db.run(SQL.dropChangesBeyond, [sequence]);
  } catch (error) {
    if (!isSqliteError(error, "SQLITE_FULL") && !isSqliteError(error, "SQLITE_CORRUPT")) throw error;
  }
}

function openSession(
  options: WriterOptions,
  incarnation: string,
  shared: { readonly highest: HighestInstant; readonly tally: WriterTally; readonly marker: WriteMarker },
): Session {
  const { highest, tally, marker } = shared;
  const files = storeFiles(options.directory);
  const wallMs = Date.now();
  const db = openWriter(files, options.durability, { incarnation, now: toEpochMs(wallMs) });
  if (options.durability === "full") syncStoreNames(files);
  const row = readStateRow(db, files);
  dropChangesBeyond(db, row.sequence);
  highest.raise(row.highest_instant);
  const now = makeClock({ wallMs: Date.now, steadyMs, highest });
  const parts = { db, incarnation: row.incarnation, now, tally };
  const writer = makeWriter({ ...parts, marker, row, files, options, receipts: options });
  const checkpointer = makeCheckpointer(files, options);
  const upkeep = new Upkeep({ ...parts, files, writer, steadyMs, mover: checkpointer, ...options });
  mark(db, 0);
  return {
    db,
    writer,
    upkeep,
    checkpointer,
    clients: makeClients({ writer, upkeep, tally }),
    opened: {
      incarnation: row.incarnation,
      wasClean: row.is_clean === 1,
      figures: writer.figures,
    },
  };
}

function makeCheckpointer(files: StoreFiles, { durability }: WriterOptions): Checkpointer {
  return new Checkpointer({
    files,
    durability,
    lastPages: LAST_PAGES,
    onDone() {
      if (session === null) return;
      session.upkeep.afterCommits();
      reportFatal(session);
    },
    onFailure(reason) {
      if (session === null) return;
      session.writer.fail(`Cannot bring the log into the database: ${reason}`);
      reportFatal(session);
    },
  });
}

function makeClients({
  writer,
  upkeep,
  tally,
}: Pick<Session, "writer" | "upkeep"> & { tally: WriterTally }): WriterClients {
  const figures = () => {
    tally.noteFigures(writer.figures);
    return writer.figures;
  };
  figures();
  return new WriterClients({
    first: makeClient(post),
    figures,
    steadyMs,
    after(delayMs, run) {
      const wait = setTimeout(run, delayMs);
      return () => clearTimeout(wait);
    },
    apply(requests, answer) {
      writer.applyGroup(requests, (answers) => {
        answer(answers);
        upkeep.afterCommits();
      });
      reportFatal(requireSession());
    },
  });
}

function makeWriter(parts: {
  readonly db: Database;
  readonly incarnation: string;
  readonly now: Clock;
  readonly tally: WriterTally;
  readonly marker: WriteMarker;
  readonly row: StateRow;
  readonly files: StoreFiles;
  readonly options: WriterOptions;
  readonly receipts: ReceiptBounds;
}): Writer {
  const { db, incarnation, now, tally, marker, row, files, options, receipts } = parts;
  const pages = (pragma: "page_count" | "freelist_count") => Number(readPragma(db, pragma)) * PAGE_BYTES;
  const disk = new DiskReserve({
    directory: files.directory,
    reserveBytes: options.diskReserveBytes,
    steadyMs,
    reusableBytes: () => pages("freelist_count"),
    owedBytes: () => Math.max(0, pages("page_count") - statSync(files.database).size),
  });
  const quota = { limitBytes: options.storeBytes, usedBytes: () => pages("page_count") - pages("freelist_count") };
  return new Writer({
    db,
    incarnation,
    now,
    steadyMs,
    tally,
    marker,
    receipts,
    state: {
      revision: row.revision,
      sequence: row.sequence,
      entries: row.entries,
      records: row.records,
      recordBytes: row.record_bytes,
      highestInstant: row.highest_instant,
      expired: 0,
    },
    reserve: {
      grant(bytes) {
        requireQuota(quota, bytes);
        disk.grant(bytes);
      },
    },
    onProgress: () => session?.clients.tellProgress(),
    onFatal: (reason) => {
      fatalReason = reason;
    },
  });
}

/** Upkeep at each interval, or at once while there is more to do; commits that have arrived go first. */
function schedule(current: Session, intervalMs: number): void {
  const { sequence, records } = current.writer.figures;
  const hasMore = current.upkeep.tick();
  const { figures } = current.writer;
  if (figures.sequence !== sequence || figures.records !== records) current.clients.tellProgress();
  reportFatal(current);
  if (fatalReason !== null) return;
  timer = setTimeout(() => schedule(current, intervalMs), hasMore ? 0 : intervalMs);
}

function requireSession(): Session {
  if (session === null) throw new Error("The writer was asked before it was opened");
  return session;
}
