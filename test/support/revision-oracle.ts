// What a client sees of revisions: for a key they only grow from one acknowledged write to the next, and none is ever seen with two
// values, also where a fail-over has lost writes in between.
import type { KeptAnswer } from "./kept-connection.ts";

export class RevisionOracle {
  readonly #last = new Map<string, number>();
  /** Of key and revision. */
  readonly #values = new Map<string, string>();

  /** @returns what is wrong with the answer to a write; null for nothing */
  noteWrite(key: string, answer: KeptAnswer, value: string): string | null {
    const revision = revisionOf(answer);
    if (revision === null) return "the answer has no Revision";
    const last = this.#last.get(key) ?? 0;
    this.#last.set(key, Math.max(last, revision));
    if (revision <= last) return `was given revision ${revision} after ${last}`;
    return this.#note(key, revision, value);
  }

  /** @returns what is wrong with what was read; null for nothing */
  noteRead(key: string, answer: KeptAnswer, value: string): string | null {
    const revision = revisionOf(answer);
    return revision === null ? "the answer has no Revision" : this.#note(key, revision, value);
  }

  #note(key: string, revision: number, value: string): string | null {
    const name = `${key}@${revision}`;
    const known = this.#values.get(name);
    this.#values.set(name, value);
    return known === undefined || known === value ? null : `revision ${revision} is ${value}, and was ${known}`;
  }
}

function revisionOf({ head }: KeptAnswer): number | null {
  const text = /\r\nrevision: *(\d+)/i.exec(head)?.[1];
  return text === undefined ? null : Number(text);
}
