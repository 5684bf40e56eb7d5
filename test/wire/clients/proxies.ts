// nginx and HAProxy as people put them before a server, started for a test on free ports, with all that they write in a
// directory of its own.
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { findFreePort } from "../../support/free-port.ts";
import { withProgram } from "../../support/other-program.ts";
import { pollUntil } from "../../support/poll-until.ts";

export interface ProxyKind {
  readonly name: string;
  readonly program: "nginx" | "haproxy";
  /** The text of the configuration. */
  readonly configure: (place: Place) => string;
  /** Connections to the server that a hundred requests one after the other may take. */
  readonly upstreamConnectionsMax: number;
}

export interface Place {
  readonly port: number;
  /** Host and port. */
  readonly upstream: string;
  readonly isTls: boolean;
}

const START_MS = 20_000;
const MANY = Number.POSITIVE_INFINITY;

export const PROXIES: readonly ProxyKind[] = [
  {
    name: "nginx, HTTP/1.0 upstream",
    program: "nginx",
    upstreamConnectionsMax: MANY,
    configure: ({ port, upstream, isTls }) => nginx(port, "", `proxy_pass ${scheme(isTls)}://${upstream};`),
  },
  {
    name: "nginx, HTTP/1.1 upstream kept",
    program: "nginx",
    upstreamConnectionsMax: 1,
    configure: ({ port, upstream, isTls }) =>
      nginx(
        port,
        `upstream kept { server ${upstream}; keepalive 4; }`,
        `proxy_pass ${scheme(isTls)}://kept; proxy_http_version 1.1; proxy_set_header Connection "";
         proxy_set_header Host $http_host; proxy_request_buffering off;`,
      ),
  },
  {
    name: "HAProxy, http-reuse always",
    program: "haproxy",
    upstreamConnectionsMax: 1,
    configure: (place) => haproxy(place, "http-reuse always"),
  },
  {
    name: "HAProxy, http-server-close",
    program: "haproxy",
    upstreamConnectionsMax: MANY,
    configure: (place) => haproxy(place, "option http-server-close"),
  },
];

/** A proxy for the length of `body`, which is given its origin, plain. @param target - the server's origin */
export async function withProxy(
  { program, configure }: ProxyKind,
  { command, directory, target }: { readonly command: string; readonly directory: string; readonly target: string },
  body: (origin: string) => Promise<void>,
): Promise<void> {
  const { host, protocol } = new URL(target);
  const port = await findFreePort();
  const home = join(directory, `proxy-${port}`);
  const file = join(home, "proxy.conf");
  mkdirSync(home);
  writeFileSync(file, configure({ port, upstream: host, isTls: protocol === "https:" }));
  const started =
    program === "nginx" ? [command, "-p", home, "-c", file, "-e", "stderr"] : [command, "-db", "-f", file];
  await withProgram(started, home, async ({ complaints }) => {
    await pollUntil(() => isListening(port), {
      ms: START_MS,
      what: () => `${command} does not listen: ${complaints()}`,
    });
    await body(`http://127.0.0.1:${port}`);
  });
}

/** In the foreground, one process. Values are larger than what nginx takes by default. */
function nginx(port: number, upstream: string, location: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  return `daemon off; master_process off; pid nginx.pid; error_log stderr;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 64m; ${temporary.join(" ")}
  ${upstream}
  server { listen 127.0.0.1:${port}; location / { ${location} } }
}
`;
}

function haproxy({ port, upstream, isTls }: Place, reuse: string): string {
  return `global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen keyhold
  bind 127.0.0.1:${port}
  ${reuse}
  server one ${upstream}${isTls ? " ssl verify none" : ""}
`;
}

function scheme(isTls: boolean): string {
  return isTls ? "https" : "http";
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
