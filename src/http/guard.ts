// Who is let in before a request is looked at: by the name that it asks for, by the web page that makes it, by how often its
// address has asked.

import type { ClientAddresses } from "./client-address.ts";
import type { Incoming, Reply } from "./exchange.ts";
import type { HostNames } from "./host-names.ts";
import type { RateLimits } from "./rates.ts";
import type { WebPages } from "./web-pages.ts";

export interface GuardParts {
  readonly hosts: HostNames;
  readonly pages: WebPages;
  readonly addresses: ClientAddresses;
  readonly addressRates: RateLimits;
  readonly tokenRates: RateLimits;
}

export class Guard {
  readonly #parts: GuardParts;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** @throws "host-not-served", "foreign-origin", "too-many-requests" */
  admit(incoming: Incoming): void {
    const { hosts, pages, addresses, addressRates } = this.#parts;
    if (addressRates.areLimited) addressRates.admit(addresses.networkOf(incoming));
    if (!incoming.isLocal) hosts.require(incoming);
    pages.require(incoming);
  }

  /** Whether admit() lets a read in, without counting it: false where that has to be worked out. */
  isOpenTo(request: Pick<Incoming, "isLocal" | "origin">): boolean {
    const { hosts, addressRates } = this.#parts;
    return !addressRates.areLimited && (request.isLocal || hosts.isKnown(request));
  }

  /** Whether open() adds to replies. */
  get opensReplies(): boolean {
    return this.#parts.pages.areServed;
  }

  /** For what a foreign page may not even read. @throws "foreign-origin" */
  requireOwnPage(incoming: Incoming): void {
    this.#parts.pages.requireOwn(incoming);
  }

  /** @param id - of the token; "" where none is asked for, which its address alone bounds. @throws "too-many-requests" */
  admitToken(id: string): void {
    const { tokenRates } = this.#parts;
    if (tokenRates.areLimited && id !== "") tokenRates.admit(id);
  }

  /** As charge(). */
  chargeToken(id: string, bytes: number): void {
    const { tokenRates } = this.#parts;
    if (tokenRates.areLimited && id !== "") tokenRates.charge(id, bytes);
  }

  /** Counts the bytes of a body that has been moved. */
  charge(incoming: Incoming, bytes: number): void {
    const { addresses, addressRates } = this.#parts;
    if (addressRates.areLimited) addressRates.charge(addresses.networkOf(incoming), bytes);
  }

  addressOf(incoming: Incoming): string | null {
    return this.#parts.addresses.of(incoming);
  }

  /** The reply as web pages of known origins may read it. */
  open(reply: Reply, incoming: Incoming): Reply {
    return this.#parts.pages.areServed ? this.#parts.pages.open(reply, incoming) : reply;
  }
}
