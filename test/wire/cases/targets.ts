// Methods, targets and hosts (RFC 9112 §3.2, RFC 9110 §7.2).
import { answeredAs, ask, type CaseGroup, head, KEY, refused, refusedAs, storing } from "../wire-case.ts";

const GET_LINE = "GET /-/healthy HTTP/1.1";
const CLOSES = { fields: { connection: "close" } } as const;

function withHost(value: string): string {
  return head(GET_LINE, `Host:${value}`);
}

const hosts = [
  ...refused("host-missing", {
    "no Host": head(GET_LINE),
    "no Host, but X-Forwarded-Host": head(GET_LINE, "X-Forwarded-Host: h"),
    "no Host with an absolute target": head("GET http://h/-/healthy HTTP/1.1"),
    "a field whose name begins with Host": head(GET_LINE, "Hosts: h"),
    "a field whose name ends with Host": head(GET_LINE, "XHost: h"),
  }),
  ...refused("host-repeated", {
    "two Hosts": head(GET_LINE, "Host: h", "Host: other.example"),
    "two Hosts alike": head(GET_LINE, "Host: h", "Host: h"),
    "two Hosts, the second in lower case": head(GET_LINE, "Host: h", "host: other.example"),
    "two Hosts, the first empty": head(GET_LINE, "Host:", "Host: h"),
    "two Hosts with an absolute target": head("GET http://h/-/healthy HTTP/1.1", "Host: h", "Host: h"),
    "two Hosts in HTTP/1.0": head("GET /-/healthy HTTP/1.0", "Host: h", "Host: other.example"),
  }),
  ...refused("host", {
    "a Host with a space": withHost(" a b"),
    "a Host with a tab": withHost(" a\tb"),
    "a Host with a comma": withHost(" a, b"),
    "a Host with a slash": withHost(" a/b"),
    "a Host with a backslash": withHost(" a\\b"),
    "a Host with a user": withHost(" user@h"),
    "a Host with a scheme": withHost(" http://h"),
    "a Host with a query": withHost(" h?a"),
    "a Host with a fragment": withHost(" h#a"),
    "a Host with quotes": withHost(' "h"'),
    "a Host with angle brackets": withHost(" <h>"),
    "a Host with braces": withHost(" {h}"),
    "a Host with a letter with an accent": withHost(" h\xe9"),
    "a Host with a malformed escape": withHost(" h%4"),
    "a Host with a port of letters": withHost(" h:http"),
    "a Host with a negative port": withHost(" h:-80"),
    "a Host with two ports": withHost(" h:80:80"),
    "a Host with a port of six digits": withHost(" h:123456"),
    "a Host of IPv6 without brackets": withHost(" ::1"),
    "a Host of IPv6 with an open bracket": withHost(" [::1"),
    "a Host of IPv6 with more behind its bracket": withHost(" [::1]a"),
    "a Host of empty brackets": withHost(" []"),
    "a Host of letters in brackets": withHost(" [h]"),
  }),
  ...answeredAs(
    { status: 200 },
    {
      "a Host with a port": withHost(" h:8080"),
      "a Host with an open port": withHost(" h:"),
      "a Host of IPv4": withHost(" 127.0.0.1:80"),
      "a Host of IPv6": withHost(" [::1]:80"),
      "a Host in capitals": withHost(" KEYHOLD.TEST"),
      "a Host with an underscore": withHost(" my_host"),
      "a Host with the dot of the root": withHost(" h."),
      "a Host with an escape": withHost(" h%41"),
      "a Host without a space": withHost("h"),
      "a Host between tabs": withHost("\th\t"),
      "an empty Host": withHost(""),
      "a Host in a field named HOST": head(GET_LINE, "HOST: h"),
    },
  ),
];

const targets = [
  ...refused("target", {
    "CONNECT with a host and a port": ask("CONNECT h:443"),
    "CONNECT with a host alone": ask("CONNECT h"),
    "CONNECT with a path": ask(`CONNECT /${KEY}`),
    "CONNECT with an absolute target": ask("CONNECT http://h/"),
    "a host and a port with GET": ask("GET h:80"),
    "* with GET": ask("GET *"),
    "* with PUT": ask("PUT *", "Content-Length: 0"),
    "a path that begins with *": ask("OPTIONS */"),
    "a path without its slash": ask(`GET ${KEY}`),
    "a query alone": ask("GET ?a=b"),
    "a fragment alone": ask("GET #a"),
    "a fragment behind the host of an absolute target": ask("GET http://h#a"),
    "a backslash in place of the slash": ask(`GET \\${KEY}`),
    "an absolute target of another scheme": ask("GET ftp://h/-/healthy"),
    "an absolute target of a file": ask("GET file:///etc/passwd"),
    "an absolute target without a host": ask("GET http:///-/healthy"),
    "an absolute target with one slash": ask("GET http:/-/healthy"),
    "an absolute target without slashes": ask("GET http:h"),
    "a NUL in the target": ask("GET /-/hea\x00lthy"),
    "a DEL in the target": ask("GET /-/hea\x7flthy"),
    "a bell in the target": ask("GET /-/hea\x07lthy"),
    "octets in the target that are no UTF-8": ask("GET /\xff\xfe"),
    "a surrogate as UTF-8 in the target": ask("GET /keys/\xed\xa0\x80"),
    "an overlong slash in the target": ask("GET /keys/\xc0\xaf"),
  }),
  ...refused("host", {
    "an absolute target with a user": ask("GET http://user@h/-/healthy"),
    "an absolute target with a port of letters": ask("GET http://h:http/-/healthy"),
    "an absolute target with a backslash in its host": ask("GET http://h\\a/-/healthy"),
  }),
  ...answeredAs(
    { status: 200 },
    {
      "an absolute target": ask("GET http://keyhold.test/-/healthy"),
      "an absolute target in capitals": ask("GET HTTP://KEYHOLD.TEST/-/healthy"),
      "an absolute target of HTTPS": ask("GET https://keyhold.test/-/healthy"),
      "an absolute target in HTTP/1.1 with a Host of another name": ask("GET http://other.example/-/healthy"),
      "an absolute target with an empty Host": head("GET http://other.example/-/healthy HTTP/1.1", "Host:"),
    },
  ),
  ...answeredAs(
    { status: 200, body: /\/\/other\.example\/greeting/ },
    {
      "an absolute target, whose host counts and not that of Host": ask("GET http://other.example/"),
      "an absolute target without a path": ask("GET http://other.example"),
    },
  ),
  ...answeredAs(
    { status: 200, body: /\/\/other\.example:81\/greeting/ },
    { "an absolute target with a port": ask("GET http://other.example:81/") },
  ),
  ...answeredAs(
    { status: 404, code: "not-found" },
    {
      "a target with UTF-8 that is not escaped": ask("GET /keys/KEY__\xc3\xa9"),
      "a target with dots that are no segments of their own": ask("GET /keys/KEY__..a"),
      "a target with two slashes": ask("GET /keys//KEY__"),
    },
  ),
  ...answeredAs(
    { status: 400, code: "invalid-key" },
    {
      "a target with a segment of two dots": ask("GET /keys/a/../KEY__"),
      "a target with an escaped segment of two dots": ask("GET /keys/%2e%2e/KEY__"),
      "a target with a malformed escape": ask("GET /KEY__%4"),
      "a target with escaped octets that are no UTF-8": ask("GET /KEY__%ff"),
      "a target with a backslash in its path": ask("GET /\\KEY__"),
      "a target with an escaped NUL": ask("GET /keys/KEY__%00"),
      "a target with an escaped CRLF": ask("GET /keys/KEY__%0d%0a"),
    },
  ),
  ...answeredAs(
    { status: 400, code: "invalid-parameter" },
    { "an absolute target of a host and a query, whose path is /": ask("GET http://h?a=b") },
  ),
  ...answeredAs(
    { status: 400, code: "invalid-request" },
    {
      "a fragment behind the path": ask("GET /-/healthy#a"),
      "a fragment in the query": ask("GET /keys?limit=1#a"),
    },
  ),
];

const methods = [
  ...refusedAs(
    { status: 405, code: "method-not-allowed", ...CLOSES },
    {
      "a method in lower case": ask(`get /${KEY}`),
      "a method in mixed case": ask(`Put /${KEY}`, "Content-Length: 0"),
      "a method that nobody knows": ask(`FROBNICATE /${KEY}`),
      "a method of signs": ask(`!#$%&'*+-.^_\`|~ /${KEY}`),
      "a method of the greatest length": ask(`${"A".repeat(64)} /${KEY}`),
      "a method glued to what came before": ask(`XGET /${KEY}`),
    },
  ),
  ...answeredAs(
    { status: 405, code: "method-not-allowed", fields: { allow: /GET.*PUT/, connection: null } },
    {
      TRACE: ask(`TRACE /${KEY}`),
      "POST to one entry": ask(`POST /${KEY}`, "Content-Length: 0"),
      PROPFIND: ask(`PROPFIND /${KEY}`),
    },
  ),
  ...answeredAs({ status: 204, fields: { allow: /GET/ } }, { "OPTIONS of an entry": ask(`OPTIONS /${KEY}`) }),
  ...answeredAs({ status: [200, 404] }, { "OPTIONS of the server": ask("OPTIONS *") }),
  ...storing("hello", {
    "PUT by an absolute target": `${ask(`PUT http://keyhold.test/${KEY}`, "Content-Length: 5")}hello`,
  }),
];

export const TARGETS: CaseGroup = { title: "methods, targets and hosts", cases: [...hosts, ...targets, ...methods] };
