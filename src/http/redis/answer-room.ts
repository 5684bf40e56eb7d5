// How much one request is answered: an entry may be asked for a thousand times in one line, and each time it is in the answer.
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Answer } from "./answer.ts";

export class AnswerRoom {
  #bytes: number;
  #values: number;

  /** @param room - what has been answered already; null for nothing */
  constructor(room: AnswerRoom | null = null) {
    this.#bytes = room === null ? 0 : room.#bytes;
    this.#values = room === null ? 0 : room.#values;
  }

  /** Whether no more is to be answered. One value may be as long as it is. */
  get isFull(): boolean {
    return this.#values > 1 ? this.#bytes > LIMITS.readBytes : this.#bytes >= LIMITS.readBytes;
  }

  add(answer: Answer): void {
    if (answer.is === "array") {
      for (const item of answer.items) this.add(item);
    } else if (answer.is === "bytes") {
      this.#bytes += answer.value.length;
      this.#values++;
    }
  }

  /** As add(). @throws "body-too-large" where several values come to more than LIMITS.readBytes */
  take(answer: Answer): Answer {
    this.add(answer);
    if (this.#values <= 1 || this.#bytes <= LIMITS.readBytes) return answer;
    throw new KeyholdError(
      "body-too-large",
      `Cannot answer more than ${LIMITS.readBytes} bytes of values at once; ask for them apart`,
      { limit: LIMITS.readBytes },
    );
  }
}
