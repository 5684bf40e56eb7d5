// A serving thread's side of the writer: queues requests, sends what has gathered whenever the writer is idle, keeps one
// promise for each, and notices when the writer is gone, hung or has given up.
//
// A group is sent two turns of the event loop after its first request, not at once: connections that were answered together
// send their next requests together, and a group that leaves with the first of them splits such a cohort in halves that
// then alternate for ever (docs/adr/0012).
import { batchBytes } from "../../core/batch.ts";
import type { Count } from "../../core/count.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type Distribution, Histogram } from "../../core/histogram.ts";
import type { Key } from "../../core/key.ts";
import {
  type FromWriter,
  fromErrorMessage,
  type OpenedStore,
  type WriteAnswer,
  type WriteRequest,
  type WriterFigures,
  type WriterOptions,
} from "./messages.ts";
import { unpackAnswers } from "./packed-answers.ts";
import { packRequests } from "./packed-requests.ts";
import { tagOf } from "./record.ts";
import { joinWriter, type LineEvents, startWriter, type WriterLine } from "./writer-line.ts";
import { COMMIT_BOUNDS } from "./writer-tally.ts";

/** Bytes of values that may wait for the writer. */
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;
/** After this long without a sign of the writer, further writes are refused. */
const STALLED_AFTER_MS = 10_000;
/** After this long the writer is given up. */
const GIVEN_UP_AFTER_MS = 30_000;
const WATCH_INTERVAL_MS = 1000;

interface Pending {
  readonly request: WriteRequest;
  readonly bytes: number;
  readonly askedAtMs: number;
  readonly resolve: (answer: Exclude<WriteAnswer, { kind: "failed" }>) => void;
  readonly reject: (error: KeyholdError) => void;
}

/** What waits for the writer, of all serving threads together. */
export interface WriteQueue {
  readonly requests: Count;
  /** Of their values. */
  readonly bytes: Count;
  /** Threads that have had no sign of the writer for too long. */
  readonly stalled: Count;
}

export interface WriterClientOptions {
  /** Requests that may wait for the writer. */
  readonly queuedCommits: number;
  readonly queue: WriteQueue;
  /** Called once when the store can no longer be used and the process must end. */
  readonly onFatal: (reason: string) => void;
}

export interface OpenWriterOptions extends WriterClientOptions {
  readonly writer: WriterOptions;
  /** Names the store if it is a new one. */
  readonly incarnation: string;
  /** Where the clocks of both threads keep the highest instant: shared-instant.ts. */
  readonly clock: SharedArrayBuffer;
  /** Where the writer counts: writer-tally.ts. */
  readonly tally: SharedArrayBuffer;
  /** Where the writer says what it commits: store/write-marks.ts. */
  readonly marks: SharedArrayBuffer;
}

export class WriterClient {
  readonly #options: WriterClientOptions;
  readonly #line: WriterLine;
  readonly #waiting: Pending[] = [];
  readonly #sent: Pending[] = [];
  readonly #waits = new Histogram(COMMIT_BOUNDS);
  /** Up to where changes have been told of. */
  #sequence = 0;
  readonly #wakes = new Set<() => void>();
  #isFlushPlanned = false;
  /** How long the writer has left something unanswered, counted while this thread was awake to hear it. */
  #silenceMs = 0;
  #isStalled = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  #refusal: KeyholdError | null = null;
  #incarnation = "";
  readonly #keyOf = (index: number) => keyOf(this.#sent[index]?.request);
  readonly #tagOf = (revision: number) => tagOf(revision, this.#incarnation);
  #opened = Promise.withResolvers<OpenedStore>();
  #stopped = Promise.withResolvers<void>();
  #idle: (() => void) | null = null;
  #hasFailed = false;
  #isStopping = false;

  private constructor(options: WriterClientOptions, connect: (events: LineEvents) => WriterLine) {
    this.#options = options;
    this.#line = connect({
      onMessage: (message) => this.#receive(message),
      onFailure: (reason) => this.fail(reason),
      onEnd: () => this.#ended(),
    });
  }

  /** Starts the thread and opens the store. @throws "unavailable" with what is wrong */
  static async open(
    options: OpenWriterOptions,
  ): Promise<{ readonly client: WriterClient; readonly store: OpenedStore }> {
    const client = new WriterClient(options, startWriter);
    const { writer, incarnation, clock, tally, marks } = options;
    client.#line.post({ kind: "open", options: writer, incarnation, clock, tally, marks }, []);
    const store = await client.#opened.promise;
    client.#sequence = store.figures.sequence;
    client.#incarnation = store.incarnation;
    client.#watch = setInterval(() => client.#look(), WATCH_INTERVAL_MS);
    return { client, store };
  }

  /** A client on a further thread. @param port - of connect(), on the thread that has opened the writer */
  static join(port: MessagePort, options: WriterClientOptions & { readonly incarnation: string }): WriterClient {
    const client = new WriterClient(options, (events) => joinWriter(port, events));
    client.#incarnation = options.incarnation;
    client.#watch = setInterval(() => client.#look(), WATCH_INTERVAL_MS);
    return client;
  }

  /** A port by which a client on a further thread joins. Requires: this one has opened the writer. */
  connect(): MessagePort {
    return this.#line.connect();
  }

  /** Requests of this thread that wait or are being committed. */
  get queued(): number {
    return this.#waiting.length + this.#sent.length;
  }

  /** How long requests have waited until they were sent to the writer, in seconds. */
  get waitSeconds(): Distribution {
    return this.#waits.read();
  }

  /** Null while writes are taken; else what a write is refused with. */
  get refusal(): KeyholdError | null {
    if (this.#refusal !== null || this.#options.queue.stalled.total === 0) return this.#refusal;
    return stalled(Math.max(this.#silenceMs, STALLED_AFTER_MS));
  }

  /** Calls `wake` after a commit that has logged changes. Returns what ends it. */
  onChange(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }

  /**
   * Resolves when the request is committed.
   *
   * @throws "busy" when the queue is full, "unavailable" when the writer is gone or hung, and what the writer answers
   */
  write(request: WriteRequest): Promise<Exclude<WriteAnswer, { kind: "failed" }>> {
    const { refusal } = this;
    if (refusal !== null) return Promise.reject(refusal);
    const bytes = request.kind === "commit" ? batchBytes(request.batch) : 0;
    const { queuedCommits, queue } = this.#options;
    const waiting = queue.requests.total;
    if (waiting >= queuedCommits) return Promise.reject(busy(`${waiting} writes wait already`, queuedCommits));
    if (waiting > 0 && queue.bytes.total + bytes > QUEUED_BYTES_MAX) {
      return Promise.reject(busy(`${queue.bytes.total} bytes of values wait already`, QUEUED_BYTES_MAX));
    }
    return new Promise((resolve, reject) => {
      queue.requests.add(1);
      queue.bytes.add(bytes);
      this.#waiting.push({ request, bytes, askedAtMs: performance.now(), resolve, reject });
      this.#planFlush();
    });
  }

  /**
   * Finishes what is queued, and closes the store and ends the thread where this client has opened it. Requires: called once.
   *
   * @param isSound - whether nothing that was read has shown damage
   */
  async stop(isSound: boolean): Promise<void> {
    if (this.queued > 0 && this.#refusal === null) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#refusal ??= new KeyholdError("unavailable", "The store is closed");
    this.#isStopping = true;
    this.#line.stop(isSound);
    // One that hangs is given up.
    await this.#stopped.promise;
    clearInterval(this.#watch);
  }

  #planFlush(): void {
    if (this.#isFlushPlanned || this.#sent.length > 0) return;
    this.#isFlushPlanned = true;
    setImmediate(() => setImmediate(() => this.#flush()));
  }

  #flush(): void {
    this.#isFlushPlanned = false;
    if (this.#waiting.length === 0 || this.#refusal !== null) return;
    this.#sent.push(...this.#waiting.splice(0));
    const now = performance.now();
    for (const { askedAtMs } of this.#sent) this.#waits.observe((now - askedAtMs) / 1000);
    const packed = packRequests(this.#sent.map(({ request }) => request));
    this.#line.post({ kind: "write", packed }, [packed.bytes.buffer]);
  }

  #receive(message: FromWriter): void {
    this.#noteSilence(0);
    switch (message.kind) {
      case "opened":
        this.#opened.resolve(message.store);
        break;
      case "refused":
        // The thread ends by itself after this, and that is no fault of the store.
        this.#refusal = fromErrorMessage(message.error);
        this.#opened.reject(this.#refusal);
        break;
      case "answers":
        this.#settle(unpackAnswers(message.packed, this.#keyOf, this.#tagOf));
        this.#note(message.figures);
        break;
      case "progress":
        this.#note(message.figures);
        break;
      case "fatal":
        this.fail(message.reason);
        break;
      case "stopped":
        this.#stopped.resolve();
        break;
      default:
        message satisfies never;
    }
  }

  #note(figures: WriterFigures): void {
    if (figures.sequence === this.#sequence) return;
    this.#sequence = figures.sequence;
    for (const wake of this.#wakes) wake();
  }

  #settle(answers: readonly WriteAnswer[]): void {
    for (const [index, answer] of answers.entries()) {
      const pending = this.#sent[index];
      if (pending === undefined) continue;
      this.#forget(pending);
      if (answer.kind === "failed") pending.reject(fromErrorMessage(answer.error));
      else pending.resolve(answer);
    }
    this.#sent.splice(0, answers.length);
    if (this.#sent.length > 0) return;
    if (this.#waiting.length > 0) this.#planFlush();
    else this.#idle?.();
  }

  #forget({ bytes }: Pending): void {
    const { queue } = this.#options;
    queue.requests.add(-1);
    queue.bytes.add(-bytes);
  }

  /** Ends the use of the writer: nobody knows what has become of what it was sent. */
  fail(reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    clearInterval(this.#watch);
    this.#refusal ??= new KeyholdError("unavailable", reason);
    this.#opened.reject(new KeyholdError("unavailable", reason));
    this.#stopped.resolve();
    this.#reject(this.#sent, new KeyholdError("outcome-unknown", reason));
    this.#reject(this.#waiting, new KeyholdError("unavailable", reason));
    this.#idle?.();
    this.#options.onFatal(reason);
  }

  #reject(queue: Pending[], error: KeyholdError): void {
    for (const pending of queue.splice(0)) {
      this.#forget(pending);
      pending.reject(error);
    }
  }

  #ended(): void {
    if (this.#refusal === null) this.fail("The writer thread ended by itself");
    this.#stopped.resolve();
  }

  #noteSilence(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    const isStalled = silenceMs > STALLED_AFTER_MS;
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    this.#options.queue.stalled.add(isStalled ? 1 : -1);
  }

  /** Each time counts as one interval, however late: a thread that was busy itself cannot tell who was silent. */
  #look(): void {
    const isWaiting = this.#sent.length > 0 || this.#isStopping;
    this.#noteSilence(isWaiting ? this.#silenceMs + WATCH_INTERVAL_MS : 0);
    if (this.#silenceMs > GIVEN_UP_AFTER_MS) this.fail(stalled(this.#silenceMs).detail);
  }
}

/** Of the first mutation: what answers are packed of has but one. */
function keyOf(request: WriteRequest | undefined): Key {
  const key = request?.kind === "commit" ? request.batch[0]?.key : undefined;
  if (key === undefined) throw new Error("The writer answered another request");
  return key;
}

function stalled(silenceMs: number): KeyholdError {
  return new KeyholdError("unavailable", `The disk has not finished a write for ${Math.round(silenceMs / 1000)} s`);
}

function busy(waiting: string, limit: number): KeyholdError {
  return new KeyholdError("busy", `Cannot queue the write: ${waiting}, limit ${limit}; try again soon`, { limit });
}
