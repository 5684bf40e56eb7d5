// Keyhold itself, with default settings: durability full, on SQLite. Longer values than the short path takes ask for --wide.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LIMITS } from "../../src/core/limits.ts";
import { makeKeyholdDialect } from "../../src/load/dialect.ts";
import { fillKeyhold } from "../../src/load/fill.ts";
import { targetOf } from "../../src/load/open-socket.ts";
import { type Contender, HOST_FIELD, type Stock } from "../contender.ts";
import { listeningUrl, ON_SERVER_CORE } from "../process.ts";
import { makeDirectory, owned, removeDirectory, type Started } from "./started.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENDLESS = new AbortController().signal;

export interface FilledStart {
  readonly args?: readonly string[];
  /** The checkout whose server it is; ours where it is not said. */
  readonly root?: string;
}

export async function startFilledKeyhold(
  stock: Stock,
  { args = [], root = ROOT }: FilledStart = {},
): Promise<Contender> {
  const directory = makeDirectory("keyhold");
  const isWide = stock.values.valueBytes > LIMITS.shortPathValueBytes;
  const all = [...(isWide ? ["--wide"] : []), ...args];
  const store = ["--store", join(directory, "store")];
  const program = await startKeyhold({ args: [...store, ...all], launcher: ON_SERVER_CORE, root });
  const stop = async () => {
    await program.stop();
    removeDirectory(directory);
  };
  try {
    await fillStarted(program, stock);
  } catch (error) {
    await stop();
    throw error;
  }
  const settings = all.length > 0 ? `, ${all.join(" ")}` : ", default settings";
  const about = `this checkout, durability full, SQLite${settings}`;
  return contenderOf(program, stock, { name: "Keyhold", about, stop });
}

export interface ServerStart {
  /** Options beside those that make it listen and say where. */
  readonly args: readonly string[];
  /** Words before its command. */
  readonly launcher?: readonly string[];
  /** The checkout whose server it is; ours where it is not said. */
  readonly root?: string;
}

export async function startKeyhold({ args, launcher = [], root = ROOT }: ServerStart): Promise<Started> {
  const serve = ["serve", "--port", "0", "--log-format", "json", "--log-level", "error", ...args];
  const command = [...launcher, process.execPath, join(root, "src/main.ts"), ...serve];
  const child = owned(Bun.spawn(command, { stdout: "pipe", stderr: "inherit" }));
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

/** @throws LoadFailed where it refuses, or has one of the keys already */
export function fillStarted({ url }: Started, { keys, values }: Stock): Promise<void> {
  return fillKeyhold({ target: targetOf(url), fields: HOST_FIELD, prefix: "", keys, values, signal: ENDLESS });
}

export function contenderOf(
  { url, pid }: Started,
  { values }: Stock,
  naming: Pick<Contender, "name" | "about" | "stop">,
): Contender {
  const dialect = makeKeyholdDialect({ fields: HOST_FIELD, writeFields: "", path: "/", prefix: "" }, values);
  return { ...naming, target: targetOf(url), dialect, frontPid: pid, storePids: [] };
}
