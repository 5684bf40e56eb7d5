// The field Date (RFC 9110 §6.6.1), written anew once a second, and the lines with it that many answers begin with.
import { renderFirstLines } from "./reply-head.ts";

interface Begun {
  readonly date: string;
  /** By status. */
  readonly lines: Map<number, Buffer>;
}

export class DateField {
  #second = -1;
  #text = "";
  readonly #begun = new Map<Uint8Array, Begun>();

  /** "Sun, 06 Nov 1994 08:49:37 GMT" */
  get text(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }

  /**
   * Status line, date, and fields that answers share, on a connection that goes on.
   *
   * @param common - lines of those fields; each that has been given is remembered, so that there must be few
   */
  beginningOf(status: number, common: Uint8Array): Buffer {
    const { text } = this;
    let begun = this.#begun.get(common);
    if (begun === undefined || begun.date !== text) {
      begun = { date: text, lines: new Map() };
      this.#begun.set(common, begun);
    }
    const made = begun.lines.get(status);
    if (made !== undefined) return made;
    const first = renderFirstLines({ status, persistence: "default", date: text });
    const lines = Buffer.concat([Buffer.from(first, "latin1"), common]);
    begun.lines.set(status, lines);
    return lines;
  }
}
