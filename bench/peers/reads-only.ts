// What only reads: nginx with the same values as files, nginx with an answer that stands in its configuration, and the runtime's
// own server with a constant. Each answers with as many header fields as a GET of ours. They are what is fast by common consent,
// and the limit.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Asked } from "../../src/load/dialect.ts";
import { targetOf } from "../../src/load/open-socket.ts";
import { KEY_MARK, makeOperation, type Operation } from "../../src/load/operation.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { type Contender, HOST_FIELD, Missing, type Stock } from "../contender.ts";
import { listeningUrl, ON_SERVER_CORE } from "../process.ts";
import { writeFiles } from "./files.ts";
import { makeDirectory, owned, requireProgram, startProgram, versionOf } from "./started.ts";

const CONSTANT = fileURLToPath(new URL("../constant-server.ts", import.meta.url));

const RETURN_BYTES_MAX = 2048;

/** Beside those that nginx writes itself. */
const FILE_FIELDS = {
  "Cache-Control": "no-cache",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
};
const RETURN_FIELDS = {
  ...FILE_FIELDS,
  Revision: "1",
  "Last-Modified": "Fri, 20 Nov 2026 12:00:00 GMT",
  ETag: '\\"1.a\\"',
  "Accept-Ranges": "bytes",
};

export async function startNginxFiles(stock: Stock): Promise<Contender> {
  const directory = makeDirectory("nginx");
  const root = join(directory, "files");
  mkdirSync(root);
  writeFiles(root, stock);
  const location = `root ${root};`;
  return startNginx({ name: "nginx files", about: "static files", directory, location, fields: FILE_FIELDS });
}

export async function startNginxReturn({ values }: Stock): Promise<Contender> {
  if (values.valueBytes > RETURN_BYTES_MAX) throw new Missing("nginx' configuration takes no values so long");
  const directory = makeDirectory("nginx");
  const location = `return 200 "${values.text(0)}";`;
  return startNginx({ name: "nginx return", about: "return 200", directory, location, fields: RETURN_FIELDS });
}

export async function startConstant({ values }: Stock, launcher = ON_SERVER_CORE): Promise<Contender> {
  const child = owned(
    Bun.spawn([...launcher, process.execPath, CONSTANT, String(values.valueBytes)], {
      stdout: "pipe",
    }),
  );
  return {
    name: "Bun.serve",
    about: `Bun ${Bun.version}, answers a constant`,
    target: targetOf(await listeningUrl(child.stdout)),
    dialect: dialectOf(),
    frontPid: child.pid,
    storePids: [],
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

interface Nginx {
  readonly name: string;
  readonly about: string;
  readonly directory: string;
  /** What it does with a request, in the words of its configuration. */
  readonly location: string;
  readonly fields: Readonly<Record<string, string>>;
}

async function startNginx({ name, about, directory, location, fields }: Nginx): Promise<Contender> {
  const nginx = requireProgram("nginx", "nginx-light");
  const port = await findFreePort();
  const config = join(directory, "nginx.conf");
  writeFileSync(config, configOf({ directory, location, port, fields }));
  const url = new URL(`http://127.0.0.1:${port}`);
  const command = [...ON_SERVER_CORE, nginx, "-p", directory, "-c", config, "-e", "stderr"];
  const { pid, stop } = await startProgram({ command, directory, url, path: "/" });
  const version = versionOf([nginx, "-v"]).replace(/^nginx version: /, "");
  return {
    name,
    about: `${version}, ${about}, one process`,
    target: targetOf(url),
    dialect: dialectOf(),
    frontPid: pid,
    storePids: [],
    stop,
  };
}

function dialectOf(): Contender["dialect"] {
  const get = {
    kind: "read",
    method: "GET",
    statuses: [200],
    fields: HOST_FIELD,
    target: `/key${KEY_MARK}`,
    body: null,
  } as const;
  return new Map<Asked, Operation>([
    ["get", makeOperation(get)],
    ["head", makeOperation({ ...get, method: "HEAD" })],
  ]);
}

function configOf({
  directory,
  location,
  port,
  fields,
}: Omit<Nginx, "name" | "about"> & { readonly port: number }): string {
  const added = Object.entries(fields).map(([name, value]) => `add_header ${name} "${value}";`);
  return `
daemon off;
master_process off;
pid ${directory}/pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ${added.join("\n  ")}
  server { listen 127.0.0.1:${port}; location / { ${location} } }
}
`;
}
