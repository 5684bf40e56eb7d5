// The programs that speak HTTP before a Valkey server: Keyhold itself, and Webdis where it is installed, for comparison.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../test/support/free-port.ts";
import { pollUntil } from "../test/support/poll-until.ts";
import { listeningUrl } from "./process.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const CONSTANT = fileURLToPath(new URL("./constant-server.ts", import.meta.url));
const START_MS = 5000;
/** As Debian's own configuration has it. */
const WEBDIS_THREADS = 2;

export interface Program {
  readonly url: URL;
  readonly pid: number;
  stop(): Promise<void>;
}

/** @param args - options beside `serve` and the port; `--cpu-prof` and its kin come before, in `runtime` */
export function startKeyhold(args: readonly string[], runtime: readonly string[] = []): Promise<Program> {
  return startOwn([...runtime, MAIN, "serve", "--port", "0", "--log-format", "json", "--log-level", "error", ...args]);
}

/** The runtime's server with nothing behind it. */
export function startConstant(): Promise<Program> {
  return startOwn([CONSTANT]);
}

/** Null where there is none on the PATH. */
export async function startWebdis(storePort: number): Promise<Program | null> {
  const program = Bun.which("webdis");
  if (program === null) return null;
  const directory = mkdtempSync(join(tmpdir(), "keyhold-webdis-"));
  const port = await findFreePort();
  const config = join(directory, "webdis.json");
  const settings = { redis_host: "127.0.0.1", redis_port: storePort, http_host: "127.0.0.1", http_port: port };
  const quiet = { threads: WEBDIS_THREADS, daemonize: false, verbosity: 0, logfile: join(directory, "webdis.log") };
  writeFileSync(config, JSON.stringify({ ...settings, ...quiet, database: 0 }));
  const child = Bun.spawn([program, config], { cwd: directory, stdout: "ignore", stderr: "ignore" });
  const url = new URL(`http://127.0.0.1:${port}`);
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(directory, { recursive: true, force: true });
  };
  await pollUntil(() => answers(new URL("/PING", url)), { ms: START_MS, intervalMs: 20, what: () => "No Webdis" });
  return { url, pid: child.pid, stop };
}

async function startOwn(args: readonly string[]): Promise<Program> {
  const child = Bun.spawn([process.execPath, ...args], { stdout: "pipe", stderr: "inherit" });
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
  };
  try {
    return { url: await listeningUrl(child.stdout), pid: child.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function answers(url: URL): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
