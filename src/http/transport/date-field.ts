// The field Date (RFC 9110 §6.6.1), written anew once a second.

export class DateField {
  #second = -1;
  #text = "";

  /** "Sun, 06 Nov 1994 08:49:37 GMT" */
  get text(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
