// Who is served: tokens, names of the server, foreign web pages, proxies.
import { isIP } from "node:net";
import { fileOrNone, list, yesOrNo } from "../formats.ts";
import { option } from "../option.ts";

const HOST_NAME = /^(?:\*|(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?)$/;
const ORIGIN = /^https?:\/\/[^\s/,]+$/;
const NETWORK = /^([0-9A-Fa-f:.]+)(?:\/([0-9]{1,3}))?$/;

export const ACCESS = {
  adminTokenFile: option(fileOrNone(), {
    name: "admin-token-file",
    default: "none",
    group: "Access",
    help: "File that holds a token with every right, of 32 characters at least, read at the start and again at SIGHUP; for machines that create tokens by the first one",
  }),
  insecurePublic: option(yesOrNo(), {
    name: "insecure-public",
    default: "false",
    group: "Access",
    help: "Listen on an address that others can reach though there is no token: everybody may then read, write and delete",
  }),
  allowedHosts: option(
    list("a host name, *.example.com for its subdomains, * for any", "NAMES", (name) => HOST_NAME.test(name)),
    {
      name: "allowed-hosts",
      default: "none",
      group: "Access",
      help: "Names, besides IP addresses, localhost and --host, by which the server may be asked; requests by others are answered 421, which keeps web pages from reaching it by a name of theirs",
    },
  ),
  corsOrigins: option(
    list(
      "an origin such as https://app.example.com, * for any",
      "ORIGINS",
      (origin) => origin === "*" || ORIGIN.test(origin),
    ),
    {
      name: "cors-origins",
      default: "none",
      group: "Access",
      help: "Web pages of these origins may use the server; those of others cannot read answers, and their writes are answered 403",
    },
  ),
  trustedProxies: option(list("an IP address or a network such as 10.0.0.0/8", "ADDRESSES", isNetwork), {
    name: "trusted-proxies",
    default: "none",
    group: "Access",
    help: "Proxies whose X-Forwarded-For says which address a request came from; of others it is ignored",
  }),
};

function isNetwork(text: string): boolean {
  const [, address, bits] = NETWORK.exec(text) ?? [];
  const version = isIP(address ?? "");
  return version !== 0 && (bits === undefined || Number(bits) <= (version === 4 ? 32 : 128));
}
