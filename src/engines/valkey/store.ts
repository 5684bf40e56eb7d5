// The engine for more than one machine: entries on Valkey or Redis servers, any number of Keyhold servers before them, none of
// which keeps anything. What one partition holds is changed by one script in one slot (docs/adr/0026); what spans partitions
// is read from all of them and put together here.
import { type Batch, type CommitTerms, type Once, UNNAMED } from "../../core/batch.ts";
import { type Entry, type EntryInfo, toRevision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { Clock, HighestInstant } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { boundsOf, isEveryKey, isInSet, type KeySet, type Range } from "../../core/range.ts";
import type { TokenRecord } from "../../core/token.ts";
import { namedDeletion, requireOnePartition } from "../../store/partitions.ts";
import { isKept } from "../../store/receipt.ts";
import { betweenSteps } from "../../store/steps.ts";
import type {
  Capabilities,
  ChangePage,
  CommitResult,
  Cursor,
  DeleteResult,
  Page,
  Receipt,
  Store,
  StoreStats,
} from "../../store/store.ts";
import { readTokens, writeToken } from "./access-tokens.ts";
import { ChangeLog } from "./change-log.ts";
import { ChangePoll } from "./change-poll.ts";
import { readCommitReply } from "./commit-reply.ts";
import { makeCommitRequest, NONCE_BYTES } from "./commit-request.ts";
import { countEntries } from "./counting.ts";
import { type DeletedPage, deleteEntries } from "./deletion.ts";
import { Figures } from "./figures.ts";
import type { Layout, Partition } from "./layout.ts";
import { type ListingParts, listEntries, readEntry, scanEntries } from "./listing.ts";
import { parseRecord } from "./record.ts";
import { toBytes, toBytesOrNull } from "./reply-shapes.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Servers } from "./servers.ts";
import { Upkeep } from "./upkeep.ts";

export interface ValkeyStoreParts {
  readonly servers: Servers;
  readonly layout: Layout;
  readonly capabilities: Capabilities;
  readonly incarnation: string;
  readonly now: Clock;
  /** Raised by what the servers tell of their clocks. */
  readonly highest: HighestInstant;
  readonly steadyMs: () => number;
  readonly prefix: string;
  /** What the store's key holds. */
  readonly description: string;
  readonly sweepIntervalMs: number;
  readonly historyAgeMs: number;
  /** Changes kept, of the whole store; each partition keeps its share. */
  readonly historyChanges: number;
  readonly idempotencyAgeMs: number;
  readonly idempotencyBytes: number;
}

export class ValkeyStore implements Store {
  readonly engine = "valkey";
  readonly capabilities: Capabilities;
  readonly incarnation: string;
  readonly now: Clock;
  readonly marks = null;
  readonly backup = null;
  readonly #parts: ValkeyStoreParts;
  readonly #servers: Servers;
  readonly #listing: ListingParts;
  readonly #log: ChangeLog;
  readonly #poll: ChangePoll;
  readonly #upkeep: Upkeep;
  readonly #figures: Figures;
  readonly #recordBytesMax: number;
  #trouble: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: ValkeyStoreParts) {
    const { servers, layout, incarnation } = parts;
    const { partitions } = layout;
    this.capabilities = parts.capabilities;
    this.incarnation = incarnation;
    this.now = parts.now;
    this.#parts = parts;
    this.#servers = servers;
    this.#listing = { servers, layout, now: parts.now };
    this.#log = new ChangeLog({ servers, partitions, incarnation });
    this.#poll = new ChangePoll({ servers, partitions });
    this.#figures = new Figures(partitions.length);
    this.#recordBytesMax = Math.ceil(parts.idempotencyBytes / partitions.length);
    this.#upkeep = new Upkeep({
      ...parts,
      partitions,
      historyChanges: Math.ceil(parts.historyChanges / partitions.length),
      onFigures: (partition, { revision, ...figures }) => this.#figures.note(partition, revision, figures),
      hasRevision: (partition) => this.#figures.revisionOf(partition) > 0,
      onSwept: (expired) => this.#noteSwept(expired),
      onTrouble: (reason) => {
        this.#trouble = reason;
      },
    });
  }

  /** Reads the figures; from then on ended entries are removed and the log is trimmed. @throws "unavailable" */
  begin(): Promise<void> {
    return this.#upkeep.begin();
  }

  /** Why writes are refused for now; null while they are taken. */
  get refusal(): string | null {
    return this.#trouble ?? this.#servers.refusal();
  }

  partitionOf(key: Key): string {
    return String(this.#parts.layout.partitionOf(key).index);
  }

  /** Not async, nor what it calls: each further promise of the hottest path costs a read some percent of its time. */
  get(key: Key): Promise<Entry | null> {
    this.#requireOpen();
    return readEntry(this.#listing, key, this.now);
  }

  async getMany(keys: readonly Key[]): Promise<readonly (Entry | null)[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async list(range: Range): Promise<Page<EntryInfo>> {
    await betweenSteps(range);
    this.#requireOpen();
    return listEntries(this.#listing, range);
  }

  async scan(range: Range): Promise<Page<Entry>> {
    await betweenSteps(range);
    this.#requireOpen();
    return scanEntries(this.#listing, range);
  }

  async count(set: KeySet): Promise<number> {
    this.#requireOpen();
    if (set.pattern === null) {
      const parts = { ...this.#listing, servers: this.#servers };
      return countEntries(parts, { bounds: boundsOf(set), isEvery: isEveryKey(set) });
    }
    let total = 0;
    let after: Key | null = null;
    do {
      const range: Range = { ...set, after, reverse: false, limit: LIMITS.pageScannedKeys };
      const page: Page<EntryInfo> = await this.list(range);
      total += page.items.length;
      after = page.next;
    } while (after !== null);
    return total;
  }

  async commit(batch: Batch, { once, otherwise }: CommitTerms = UNNAMED): Promise<CommitResult> {
    this.#requireWritable();
    const partition = this.#onePartition(batch, otherwise);
    const { idempotencyAgeMs } = this.#parts;
    const recordBytesMax = this.#recordBytesMax;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const request = makeCommitRequest(batch, {
      partition,
      nonce,
      isKnown: this.#figures.revisionOf(partition) > 0,
      once,
      otherwise,
      idempotencyAgeMs,
      recordBytesMax,
    });
    const startedMs = this.#parts.steadyMs();
    const { reply, shortfall } = await this.#servers.write(partition.slot, SCRIPTS.commit, request.keys, request.args);
    this.#figures.noteCommit(this.#parts.steadyMs() - startedMs);
    const { result, figures, expired } = readCommitReply(toBytes(reply), { batch, otherwise, recordBytesMax });
    if (!result.committed) return result;
    this.#parts.highest.raise(result.at);
    this.#figures.noteExpired(expired);
    this.#figures.note(partition, result.revision, figures);
    this.#poll.wake();
    if (shortfall !== null) throw unconfirmed(result, shortfall);
    return result;
  }

  async deleteAll(set: KeySet, once: Once | null = null): Promise<DeleteResult> {
    this.#requireWritable();
    if (once !== null) throw namedDeletion();
    const onPage = (partition: Partition, { revision, entries, at }: DeletedPage) => {
      this.#figures.note(partition, revision, { entries });
      this.#parts.highest.raise(at);
    };
    const isWanted = (name: string) => isInSet(set, name);
    const terms = { servers: this.#servers, bounds: boundsOf(set), isWanted, onPage };
    const deleted = await deleteEntries(this.#parts.layout.partitions, terms);
    this.#poll.wake();
    return { deleted, revision: toRevision(this.#figures.revision), isReplay: false };
  }

  async recall(id: string): Promise<Receipt | null> {
    this.#requireOpen();
    const { partitions } = this.#parts.layout;
    // Which partition a write under this name went to is not known before its body has been read: it is asked for in all.
    const found = await Promise.all(
      partitions.map(async ({ slot, recordPrefix }) =>
        toBytesOrNull(await this.#servers.read(slot, ["GET", `${recordPrefix}${id}`])),
      ),
    );
    const index = found.findIndex((bytes) => bytes !== null);
    const [bytes = null, partition] = [found[index], partitions[index]];
    if (bytes === null || partition === undefined) return null;
    const receipt = parseRecord(bytes);
    if (!isKept(receipt.at, this.#parts.idempotencyAgeMs, this.now())) return null;
    if (this.#servers.promise.replicas > 0) await this.#confirmRecord(partition, id);
    return receipt;
  }

  async changes(after: Cursor | null, limit: number, upTo: Cursor | null = null): Promise<ChangePage> {
    this.#requireOpen();
    return this.#log.read(after, limit, upTo);
  }

  async latestCursor(): Promise<Cursor> {
    this.#requireOpen();
    return this.#log.latest();
  }

  onChange(wake: () => void): () => void {
    return this.#poll.onChange(wake);
  }

  async tokens(): Promise<readonly TokenRecord[]> {
    this.#requireOpen();
    return readTokens(this.#servers, this.#parts.layout);
  }

  async putToken(record: TokenRecord, forgottenId: string | null): Promise<void> {
    this.#requireWritable();
    const { shortfall } = await writeToken(this.#servers, this.#parts.layout, { record, forgottenId });
    if (shortfall !== null) throw new KeyholdError("outcome-unknown", `The token was written, but ${shortfall}`);
  }

  stats(): StoreStats {
    return {
      ...this.#figures.sum(),
      bytes: null,
      logBytes: null,
      revision: toRevision(this.#figures.revision),
      queuedCommits: this.#servers.pendingWrites,
      commits: this.#figures.commits,
      expired: this.#figures.expired,
      writing: this.#figures.writing(),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#poll.close();
    await this.#upkeep.stop();
    await this.#servers.close();
  }

  /** The write that a record is of may have been told as not confirmed: answering it again would say that it is. */
  async #confirmRecord({ slot, recordPrefix }: Partition, id: string): Promise<void> {
    const { shortfall } = await this.#servers.write(slot, SCRIPTS.confirm, [`${recordPrefix}${id}`], []);
    if (shortfall !== null) {
      throw new KeyholdError("outcome-unknown", `The write was applied, but ${shortfall}; ask for it again`);
    }
  }

  #noteSwept(expired: number): void {
    if (expired === 0) return;
    this.#figures.noteExpired(expired);
    this.#poll.wake();
  }

  #onePartition(batch: Batch, otherwise: readonly Key[]): Partition {
    const { layout } = this.#parts;
    const [first] = batch;
    if (first === undefined || layout.partitions.length === 1) return layout.first;
    if (batch.length + otherwise.length > 1) {
      requireOnePartition([...batch.map(({ key }) => key), ...otherwise], (key) => this.partitionOf(key));
    }
    return layout.partitionOf(first.key);
  }

  #requireWritable(): void {
    this.#requireOpen();
    if (this.#trouble !== null) throw new KeyholdError("unavailable", this.#trouble);
  }

  /** Also while writes are still being answered: nothing may be added to them. */
  #requireOpen(): void {
    if (this.#closing !== null) throw new KeyholdError("unavailable", "The store is closed");
  }
}

/** Applied, and not known to have outlived what it was to outlive: the client is told how to see whether it stands. */
function unconfirmed(result: Extract<CommitResult, { committed: true }>, shortfall: string): KeyholdError {
  const [outcome, ...others] = result.outcomes;
  const after = others.length === 0 ? (outcome?.after ?? null) : null;
  return new KeyholdError(
    "outcome-unknown",
    `The write was applied, but ${shortfall}: a failure now may undo it; read it back, or write it again`,
    { revision: result.revision, ...(after !== null && { etag: `"${after.tag}"` }) },
  );
}
