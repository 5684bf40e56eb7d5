// Replies as the runtime's own responses, and the bound on what of them lies in memory because clients are slow to take it.
//
// A reply of known length is handed over whole, and the runtime tells only how many of those are still being sent. While the
// large ones among them may hold too much, further large ones are streamed, slice by slice and chunked, so that clients that
// stop reading can be cut off in favour of others (stream-budget.ts); where too much waits for even that, they are refused.
import { LIMITS } from "../../core/limits.ts";
import { FIELD } from "../../wire/headers.ts";
import type { Reply } from "../exchange.ts";
import { Slices } from "../slices.ts";
import { StreamBudget, type WaitingStream } from "../stream-budget.ts";
import { tooManyAnswers } from "../too-many.ts";

/** What a response needs to know of its request. */
export interface AnsweredRequest {
  readonly method: string;
  /** Whether the client may still be sending what nobody reads. */
  readonly isBodyLeft: boolean;
  /** While it is the server that is waited for. */
  expectSilence(): void;
  /** While it is the client that is waited for. */
  expectTaking(): void;
}

/** A part that a client is slow to take may be held this long, however many wait for its room. */
const STREAM_GRACE_MS = 1000;
/** Smaller replies are left to the runtime: their number is bounded, and the kernel takes most of them. */
const LARGE_BYTES = 128 * 1024;
/** Large answers without room for which memory is collected once: each leaves some four times its size behind. */
const COLLECTED_BYTES = 4 * 1024 * 1024;
/** Methods that have written nothing and have a body to answer. */
const READS: readonly string[] = ["GET", "QUERY"];
/** That a UTF-16 unit takes. */
const UTF8_BYTES_MAX = 3;
const encoder = new TextEncoder();

export class Responses {
  readonly #streams: StreamBudget;
  readonly #pending: () => number;
  #streaming = 0;
  #uncollectedBytes = 0;

  /** @param pending - requests that the runtime has not sent the last byte of an answer to, but for those still handled */
  constructor(pending: () => number) {
    this.#pending = pending;
    this.#streams = new StreamBudget({
      limitBytes: LIMITS.streamedBytes,
      graceMs: STREAM_GRACE_MS,
      steadyMs: () => performance.now(),
      after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
    });
  }

  /** Bytes of streamed answers that clients have not taken. */
  get heldBytes(): number {
    return this.#streams.heldBytes;
  }

  /** Answers cut off so far. */
  get cuts(): number {
    return this.#streams.cuts;
  }

  /**
   * Of reads alone: what a write answers is sent however long it takes, as it has been done by then.
   *
   * @throws "busy" where too many large answers are being sent for one more
   */
  requireRoom({ body }: Reply, { method }: Pick<AnsweredRequest, "method">): void {
    if (!READS.includes(method) || (typeof body !== "string" && !(body instanceof Uint8Array))) return;
    const bytes = sizeOf(body);
    if (!this.#isTooMuch(bytes, 1)) return;
    this.#collectAfter(bytes);
    const waiting = this.#streams.waitingBytes;
    if (waiting === 0 || waiting + bytes <= LIMITS.unsentBytes) return;
    throw tooManyAnswers(bytes, waiting);
  }

  make({ status, headers, body }: Reply, request: AnsweredRequest): Response {
    // What is left of a refused body would have to be read to its end to find the next request.
    const sent = request.isBodyLeft ? { ...headers, Connection: "close" } : headers;
    if (request.method === "HEAD") return this.#head({ status, headers: sent, body }, request);
    if (body === null) return new Response(null, { status, headers: sent });
    if (typeof body !== "string" && !(body instanceof Uint8Array)) {
      return new Response(this.#stream(new Slices(body, true), request), { status, headers: sent });
    }
    if (this.#isTooMuch(sizeOf(body), 0)) {
      const bytes = typeof body === "string" ? encoder.encode(body) : body;
      return new Response(this.#stream(new Slices(oneOf(bytes), false), request), { status, headers: sent });
    }
    const isSendable = typeof body === "string" || isOwnMemory(body);
    return new Response(isSendable ? body : body.slice(), { status, headers: sent });
  }

  /** Exactly the fields of GET (RFC 9110 §9.3.2). Of a stream, which Bun leaves unread, the framing is all there is. */
  #head({ status, headers, body }: Reply, request: AnsweredRequest): Response {
    const fields: Record<string, string> = { ...headers, Date: new Date().toUTCString() };
    if (typeof body === "string") fields[FIELD.contentLength] = String(Buffer.byteLength(body));
    else if (body instanceof Uint8Array) fields[FIELD.contentLength] = String(body.length);
    else if (body !== null) {
      return new Response(this.#stream(new Slices(body, true), request), { status, headers: fields });
    }
    return new Response(null, { status, headers: fields });
  }

  /**
   * Whether large replies may hold too much: each of those that are being sent is taken to be as large as this one.
   *
   * @param more - how many there will be besides those
   */
  #isTooMuch(bytes: number, more: 0 | 1): boolean {
    if (bytes < LARGE_BYTES) return false;
    const unsent = this.#pending() - this.#streaming + more;
    return unsent > 1 && unsent * bytes > LIMITS.unsentBytes;
  }

  /** What such answers leave in memory is more than they hold, and the runtime does not hurry to free it: it took 100 MB. */
  #collectAfter(bytes: number): void {
    this.#uncollectedBytes += bytes;
    if (this.#uncollectedBytes < COLLECTED_BYTES) return;
    this.#uncollectedBytes = 0;
    Bun.gc(true);
  }

  /** Pulled slice by slice as the client reads: nothing is made ahead of it. */
  #stream(slices: Slices, request: AnsweredRequest): ReadableStream<Uint8Array> {
    const streams = this.#streams;
    let hasBegun = false;
    let hasEnded = false;
    let waiting: WaitingStream | null = null;
    const end = () => {
      if (hasEnded) return;
      hasEnded = true;
      if (hasBegun) this.#streaming--;
      if (waiting !== null) streams.taken(waiting);
    };
    return new ReadableStream(
      {
        start(controller) {
          waiting = {
            cut() {
              end();
              controller.error(new Error("The client takes too long, and others wait for the memory"));
              // Nobody is left to hear of what fails in the tidying up.
              void slices.end().catch(() => {});
            },
          };
        },
        pull: async (controller) => {
          // Not where it is made: that of HEAD is never pulled, and nobody hears when it is dropped.
          if (!hasBegun) this.#streaming++;
          hasBegun = true;
          if (!slices.isWithinPart && waiting !== null) streams.taken(waiting);
          request.expectSilence();
          const slice = await slices.next().catch((error: unknown) => {
            end();
            throw error;
          });
          request.expectTaking();
          if (hasEnded) return;
          if (slice === null) {
            end();
            return controller.close();
          }
          if (waiting !== null) await streams.admit(waiting, slice.heldBytes);
          if (!hasEnded) controller.enqueue(slice.bytes);
        },
        async cancel() {
          end();
          await slices.end();
        },
      },
      { highWaterMark: 0 },
    );
  }
}

/** In bytes; of a text that cannot be large, its length will do. */
function sizeOf(body: string | Uint8Array): number {
  if (typeof body !== "string" || body.length < LARGE_BYTES / UTF8_BYTES_MAX) return body.length;
  return Buffer.byteLength(body);
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** False only for memory that threads share, which Response does not take; values never lie in such. */
function isOwnMemory(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
