// The HTTP server of unstorage over its file-system driver, under Node. It syncs nothing: no write of it is durable.
// It is no dependency of ours: npm installs it into a directory of temporary files, once for all runs.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Asked } from "../../src/load/dialect.ts";
import { targetOf } from "../../src/load/open-socket.ts";
import { KEY_MARK, makeOperation, type Operation } from "../../src/load/operation.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { type Contender, HOST_FIELD, Missing, type Stock } from "../contender.ts";
import { ON_SERVER_CORE } from "../process.ts";
import { writeFiles } from "./files.ts";
import { makeDirectory, requireProgram, startProgram } from "./started.ts";

const VERSION = "1.17.6";
const SERVER = fileURLToPath(new URL("./unstorage-server.mjs", import.meta.url));

export async function startFilledUnstorage(stock: Stock): Promise<Contender> {
  const node = requireProgram("node", "nodejs");
  const program = install();
  const directory = makeDirectory("unstorage");
  const data = join(directory, "data");
  mkdirSync(data);
  writeFiles(data, stock);
  const port = await findFreePort();
  const url = new URL(`http://127.0.0.1:${port}`);
  const command = [...ON_SERVER_CORE, node, program, data, String(port)];
  const { pid, stop } = await startProgram({ command, directory, url, path: "/none" });
  const { stdout } = Bun.spawnSync([node, "--version"]);
  return {
    name: "unstorage",
    about: `unstorage ${VERSION}, files, Node ${stdout.toString().trim()}; NOT durable: it syncs nothing`,
    target: targetOf(url),
    dialect: dialectOf(stock),
    frontPid: pid,
    storePids: [],
    stop,
  };
}

/** The path of the server's program, beside what it imports. */
function install(): string {
  const directory = join(tmpdir(), `keyhold-bench-unstorage-${VERSION}`);
  const program = join(directory, "server.mjs");
  if (!existsSync(join(directory, "node_modules/unstorage"))) {
    mkdirSync(directory, { recursive: true });
    const npm = requireProgram("npm", "npm");
    const install = [npm, "install", "--no-audit", "--no-fund", "--prefix", directory, `unstorage@${VERSION}`];
    const { success, stderr } = Bun.spawnSync(install, { cwd: directory });
    if (!success)
      throw new Missing(`npm cannot install unstorage@${VERSION}: ${stderr.toString().trim().split("\n")[0]}`);
  }
  copyFileSync(SERVER, program);
  return program;
}

function dialectOf({ values }: Stock): Contender["dialect"] {
  const bytes = "application/octet-stream";
  const get = {
    kind: "read",
    method: "GET",
    statuses: [200],
    fields: `${HOST_FIELD}Accept: ${bytes}\r\n`,
    target: `/key${KEY_MARK}`,
    body: null,
  } as const;
  const put = {
    ...get,
    kind: "write",
    method: "PUT",
    fields: `${HOST_FIELD}Content-Type: ${bytes}\r\n`,
    body: values,
  } as const;
  return new Map<Asked, Operation>([
    ["get", makeOperation(get)],
    ["missing", makeOperation({ ...get, statuses: [404], target: `/none${KEY_MARK}` })],
    ["head", makeOperation({ ...get, method: "HEAD" })],
    ["put", makeOperation(put)],
    ["create", makeOperation({ ...put, target: `/new${KEY_MARK}` })],
  ]);
}
