// nginx serving the same values as static files, with as many header fields as a GET of ours: what is fast by common consent.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "../test/support/free-port.ts";
import { pollUntil } from "../test/support/poll-until.ts";
import type { Program } from "./http-programs.ts";

const START_MS = 5000;

/** Eight of its own, and three more. */
const FIELDS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-cache",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
};

export interface StaticNginx extends Program {
  readonly version: string;
}

/** One process; null where there is none on the PATH. @param files - contents by name */
export async function startNginx(files: ReadonlyMap<string, string>): Promise<StaticNginx | null> {
  const program = Bun.which("nginx", { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (program === null) return null;
  const directory = mkdtempSync(join(tmpdir(), "keyhold-nginx-"));
  const root = join(directory, "files");
  mkdirSync(root);
  for (const [name, content] of files) writeFileSync(join(root, name), content);
  const port = await findFreePort();
  const config = join(directory, "nginx.conf");
  writeFileSync(config, configOf({ directory, root, port }));
  const child = Bun.spawn([program, "-p", directory, "-c", config, "-e", "stderr"], {
    stdout: "ignore",
    stderr: "ignore",
  });
  const url = new URL(`http://127.0.0.1:${port}`);
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const isUp = () =>
    fetch(url).then(
      () => true,
      () => false,
    );
  await pollUntil(isUp, { ms: START_MS, intervalMs: 20, what: () => "No nginx" });
  const { stderr } = Bun.spawnSync([program, "-v"]);
  return { url, pid: child.pid, stop, version: stderr.toString().trim() };
}

function configOf({
  directory,
  root,
  port,
}: {
  readonly directory: string;
  readonly root: string;
  readonly port: number;
}): string {
  const added = Object.entries(FIELDS).map(([name, value]) => `add_header ${name} "${value}";`);
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
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;
}
