// By which names the server may be asked. A web page can make its own name lead to any address, 127.0.0.1 included, and is
// then of the same origin as the server (DNS rebinding); it cannot do so with an IP address or with localhost.
import { isIP } from "node:net";
import { KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";

/** Names that lead to this machine wherever they are asked for (RFC 6761 §6.3). */
const LOCAL = /^(?:.+\.)?localhost$/;
const ANY = "*";
/** Origins remembered as served, so that the next request is let through by one look. */
const REMEMBERED_MAX = 1000;
const REMEMBERED_LENGTH_MAX = 255;

export class HostNames {
  readonly #isAny: boolean;
  readonly #names: ReadonlySet<string>;
  /** Each with its dot: "*.example.com" as ".example.com". */
  readonly #suffixes: readonly string[];
  readonly #served = new Set<string>();

  /** @param names - host names, *.example.com for the subdomains of one, * for any */
  constructor(names: readonly string[]) {
    const lower = names.map((name) => name.toLowerCase());
    this.#isAny = lower.includes(ANY);
    this.#names = new Set(lower.filter((name) => !name.startsWith(ANY)));
    this.#suffixes = lower.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  }

  /**
   * By what the transport has made of Host, as it costs nothing to look at; by the field itself where that is no host at all.
   * A request without the field is of a client older than HTTP/1.1, which is no browser.
   *
   * @throws "host-not-served"
   */
  require(incoming: Pick<Incoming, "origin" | "header">): void {
    if (this.isKnown(incoming)) return;
    const { origin } = incoming;
    const asked = origin === null ? incoming.header(FIELD.host) : origin.slice(origin.indexOf("://") + "://".length);
    if (asked === null) return;
    const name = nameIn(asked);
    if (origin === null || !this.#isServed(name)) {
      throw new KeyholdError(
        "host-not-served",
        `This server is not known as ${quote(name.slice(0, 255))}: ask by an IP address or as localhost, or start it with --allowed-hosts ${HOST_NAME.test(name) ? name : "NAME"}`,
      );
    }
    if (this.#served.size < REMEMBERED_MAX && origin.length <= REMEMBERED_LENGTH_MAX) this.#served.add(origin);
  }

  /** Whether that is known to be served, without working it out. */
  isKnown({ origin }: Pick<Incoming, "origin">): boolean {
    return this.#isAny || (origin !== null && this.#served.has(origin));
  }

  #isServed(name: string): boolean {
    if (this.#names.has(name) || LOCAL.test(name) || isIP(unbracketed(name)) !== 0) return true;
    return this.#suffixes.some((suffix) => name.endsWith(suffix) && name.length > suffix.length);
  }
}

/** Whether what listens there can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

const HOST_NAME = /^[a-z0-9._-]{1,253}$/;

/** Without port and the dot of the root, in lower case. */
function nameIn(field: string): string {
  return field
    .replace(/:[0-9]*$/, "")
    .replace(/(?<=[^.])\.$/, "")
    .toLowerCase();
}

function unbracketed(name: string): string {
  return name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
}
