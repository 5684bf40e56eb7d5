// Which address a request comes from: the peer's, or where that is a proxy of the operator's, what the proxy says.
import { BlockList, isIP } from "node:net";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";

/** What of a request tells where it comes from. */
type Hop = Pick<Incoming, "remoteAddress" | "header">;

/** What clients on a Unix socket are counted under. */
const LOCAL = "unix";
/** Groups of an IPv6 address that its network has in common with those that one client may use (RFC 6177). */
const IPV6_NETWORK_GROUPS = 4;

export class ClientAddresses {
  readonly #proxies: BlockList | null;

  /** @param proxies - addresses, and networks such as 10.0.0.0/8 */
  constructor(proxies: readonly string[]) {
    this.#proxies = proxies.length === 0 ? null : toBlockList(proxies);
  }

  /** The client's address; null where the transport does not know the peer's. */
  of(incoming: Hop): string | null {
    const peer = incoming.remoteAddress;
    if (this.#proxies === null || peer === null || !this.#isProxy(peer)) return peer;
    const hops = (incoming.header(FIELD.forwardedFor) ?? "").split(",").map((hop) => withoutPort(hop.trim()));
    // From the last one, which our own proxy has added, back to the first that none of ours vouches for.
    for (const hop of hops.reverse()) {
      if (isIP(hop) === 0) return peer;
      if (!this.#isProxy(hop)) return hop;
    }
    return peer;
  }

  /** What the client is counted under: an IPv6 client by its network, as it may use each address of it. */
  networkOf(incoming: Hop): string {
    const address = this.of(incoming);
    if (address === null) return LOCAL;
    const plain = unmapped(address);
    return isIP(plain) === 6 ? groupsOf(plain).slice(0, IPV6_NETWORK_GROUPS).join(":") : plain;
  }

  #isProxy(address: string): boolean {
    const plain = unmapped(address);
    return this.#proxies?.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4") ?? false;
  }
}

function toBlockList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = "", bits] = proxy.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Some proxies write 192.0.2.1:5000 and [2001:db8::1]:5000. */
function withoutPort(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+)$/.exec(hop) ?? [];
  return bracketed ?? plain ?? hop;
}

/** "::ffff:10.0.0.1", as sockets of both families show an IPv4 peer, as "10.0.0.1". */
function unmapped(address: string): string {
  const rest = address.toLowerCase().startsWith("::ffff:") ? address.slice("::ffff:".length) : "";
  return isIP(rest) === 4 ? rest : address;
}

/** The eight groups of an IPv6 address, "::" written out, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(Math.max(0, missing)).fill("0"), ...right].map((group) =>
    group.toLowerCase().replace(/^0+(?=.)/, ""),
  );
}
