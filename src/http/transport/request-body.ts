// The body of one request, as it comes: kept for whoever reads it, or passed over where nobody does. Bytes that nobody has asked
// for yet are left to the connection, which stops listening when they are too many.
import type { BodyBudget } from "../body-budget.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { bodyEnded } from "./cut-short.ts";
import type { Framing } from "./message.ts";

/** What happens to bytes that come: they wait, they are kept, they are dropped; or all have come. */
type State = "untouched" | "read" | "dropped" | "whole" | "failed";

const NOTHING = new Uint8Array();
/** Room that a body begins with, in bytes; less where it is shorter. */
const ROOM_BYTES_MIN = 4096;
/** A piece of this size comes from a client that sends as fast as it can. */
const FAST_BYTES = 16 * 1024;

export class RequestBody {
  readonly #framing: Framing;
  readonly #budget: BodyBudget;
  readonly #chunks: ChunkedDecoder | null;
  readonly #onWanted: () => void;
  #state: State;
  /** Bytes of it that have come, without what frames them. */
  #received = 0;
  #reservedBytes = 0;
  /** Filled as it comes. Never the bytes that came: they may hold other requests too, or hundreds of bytes of framing for each. */
  #whole: Uint8Array = NOTHING;
  #maxBytes = 0;
  #reading: PromiseWithResolvers<Uint8Array | null> | null = null;
  #isLeft = false;

  /** @param onWanted - called when somebody begins to read it. One of no framing never changes, and many requests may share it */
  constructor(framing: Framing, budget: BodyBudget, onWanted: () => void) {
    this.#framing = framing;
    this.#budget = budget;
    this.#chunks = framing.is === "chunked" ? new ChunkedDecoder() : null;
    this.#onWanted = onWanted;
    this.#state = framing.is === "none" ? "whole" : "untouched";
  }

  /** Whether its last byte has come, with what frames it. */
  get isWhole(): boolean {
    return this.#state === "whole";
  }

  /** Whether nobody has asked for it. */
  get isUntouched(): boolean {
    return this.#state === "untouched";
  }

  /** Whether somebody waits for the rest of it. */
  get isAwaited(): boolean {
    return this.#state === "read";
  }

  get isDropped(): boolean {
    return this.#state === "dropped";
  }

  /** Whether it was refused with bytes of it still to come. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  get receivedBytes(): number {
    return this.#received;
  }

  /** Bytes still to come at the least; of a chunked one nobody knows. */
  get leftBytes(): number {
    if (this.isWhole) return 0;
    return this.#framing.is === "length" ? this.#framing.length - this.#received : Number.POSITIVE_INFINITY;
  }

  /** As Incoming.body. */
  read(maxBytes: number): Promise<Uint8Array | null> {
    if (this.#framing.is === "none") return Promise.resolve(new Uint8Array());
    if (this.#state === "failed") return Promise.reject(bodyEnded());
    if (this.#state !== "untouched") return Promise.reject(new Error("The body of a request is read once"));
    if (this.#framing.is === "length") {
      if (this.#framing.length > maxBytes) return this.#leave(Promise.resolve(null));
      try {
        this.#reserve(this.#framing.length);
      } catch (error) {
        return this.#leave(Promise.reject(error));
      }
    }
    this.#state = "read";
    this.#maxBytes = maxBytes;
    const reading = Promise.withResolvers<Uint8Array | null>();
    this.#reading = reading;
    this.#onWanted();
    return reading.promise;
  }

  /** From now on what comes is passed over. */
  drop(): void {
    if (this.#state === "untouched") this.#state = "dropped";
  }

  /** Takes what belongs to it, and returns where that ends. @throws "invalid-request" where it is not framed as it must be */
  take(bytes: Buffer, from: number): number {
    if (this.#state !== "read" && this.#state !== "dropped") return from;
    if (this.#chunks === null) return this.#takeOfLength(bytes, from);
    const end = this.#chunks.decode(bytes, from, (piece) => this.#keep(piece));
    if (this.#chunks.isDone) this.#end();
    return end;
  }

  /** It will not come any more, or not as it must. */
  fail(error: unknown): void {
    if (this.#state === "whole") return;
    this.#state = "failed";
    this.#isLeft = true;
    this.#forget();
    this.#reading?.reject(error);
    this.#reading = null;
  }

  /** Gives back what it took from the budget. */
  release(): void {
    this.#budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    this.#forget();
  }

  #takeOfLength(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.leftBytes);
    if (end > from) this.#keep(bytes.subarray(from, end));
    if (this.leftBytes === 0) this.#end();
    return end;
  }

  #keep(piece: Buffer): void {
    this.#received += piece.length;
    if (this.#state !== "read") return;
    try {
      if (this.#received > this.#maxBytes) this.#giveUp(null);
      else this.#store(piece);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #store(piece: Buffer): void {
    // By what has come, as nobody knows how much will; the room made for it is touched no further.
    if (this.#framing.is === "chunked") this.#reserve(piece.length);
    if (this.#received > this.#whole.length) this.#makeRoom(piece.length);
    this.#whole.set(piece, this.#received - piece.length);
  }

  /** For all of a body that comes fast; else, or where nobody knows its length, for twice what has come: a trickle holds little. */
  #makeRoom(pieceBytes: number): void {
    const length = this.#framing.is === "length" ? this.#framing.length : null;
    const bytes = Math.min(length ?? this.#maxBytes, Math.max(ROOM_BYTES_MIN, this.#received * 2));
    const room = new Uint8Array(length !== null && pieceBytes >= FAST_BYTES ? length : bytes);
    room.set(this.#whole);
    this.#whole = room;
  }

  #end(): void {
    if (this.#state === "failed") return;
    this.#state = "whole";
    const reading = this.#reading;
    if (reading === null) return;
    this.#reading = null;
    const hasRoomLeft = this.#whole.length > this.#received;
    reading.resolve(hasRoomLeft ? this.#whole.slice(0, this.#received) : this.#whole);
    this.#forget();
  }

  /** Nobody reads the rest. @param error - what the reader is told; null where it has become too long */
  #giveUp(error: unknown): void {
    this.#state = "dropped";
    this.#isLeft = true;
    this.#forget();
    const reading = this.#reading;
    this.#reading = null;
    if (error === null) reading?.resolve(null);
    else reading?.reject(error);
  }

  #forget(): void {
    this.#whole = NOTHING;
  }

  #leave<T>(answer: Promise<T>): Promise<T> {
    this.#state = "dropped";
    this.#isLeft = true;
    return answer;
  }

  #reserve(bytes: number): void {
    this.#budget.reserve(bytes, this.#reservedBytes);
    this.#reservedBytes += bytes;
  }
}
