// Programs of others, started in a directory of their own, and gone with stop().
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pollUntil } from "../../test/support/poll-until.ts";
import { Missing } from "../contender.ts";

export interface Started {
  readonly url: URL;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Start {
  readonly command: readonly string[];
  readonly directory: string;
  readonly url: URL;
  /** Asked until it answers something. */
  readonly path: string;
}

/** Programs that run, and directories that are there, to be gone with this process however it ends. */
const running = new Map<number, Bun.Subprocess>();
const directories = new Set<string>();
process.on("exit", () => {
  for (const child of running.values()) child.kill("SIGKILL");
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const START_MS = 20_000;
const LOOK_INTERVAL_MS = 20;
const STOP_MS = 10_000;

/** Resolves when it answers. Its directory is removed with it. */
export async function startProgram({ command, directory, url, path }: Start): Promise<Started> {
  const stderr = Bun.file(join(directory, "stderr"));
  const child = owned(Bun.spawn([...command], { cwd: directory, stdin: "ignore", stdout: "ignore", stderr }));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await child.exited;
    clearTimeout(timer);
    removeDirectory(directory);
  };
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`It ended: ${await Bun.file(join(directory, "stderr")).text()}`);
    return fetch(new URL(path, url)).then(
      () => true,
      () => false,
    );
  };
  try {
    await pollUntil(isUp, { ms: START_MS, intervalMs: LOOK_INTERVAL_MS, what: () => `No answer of ${command[0]}` });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, pid: child.pid, stop };
}

/** The same process, which now ends with this one at the latest. */
export function owned<Child extends Bun.Subprocess>(child: Child): Child {
  running.set(child.pid, child);
  void child.exited.then(() => running.delete(child.pid));
  return child;
}

export function makeDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `keyhold-bench-${name}-`));
  directories.add(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

/** @throws Missing naming the package that has it */
export function requireProgram(name: string, debianPackage: string): string {
  const path = Bun.which(name, { PATH: `${process.env["PATH"]}:/usr/sbin` });
  if (path !== null) return path;
  throw new Missing(`${name} is not on the PATH: install Debian's package ${debianPackage}`);
}

/** The first line of what a program says of its version. */
export function versionOf(command: readonly string[]): string {
  const { stdout, stderr } = Bun.spawnSync([...command]);
  return `${stdout}${stderr}`.trim().split("\n")[0] ?? "";
}
