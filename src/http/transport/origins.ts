// The origin that a request is asked of, for links that people copy. One connection asks the same host again and again.

export class Origins {
  readonly #scheme: "http" | "https";
  #host = "";
  #origin = "";

  constructor(scheme: "http" | "https") {
    this.#scheme = scheme;
  }

  /** "http://127.0.0.1:3000"; null where no host was named. @param host - host and port, in lower case */
  of(host: string | null): string | null {
    if (host === null || host === "") return null;
    if (host !== this.#host) {
      this.#host = host;
      this.#origin = `${this.#scheme}://${host}`;
    }
    return this.#origin;
  }
}
