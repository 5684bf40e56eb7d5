#!/usr/bin/env node
// Runs Bun with the given arguments and becomes it as far as a parent process can tell: same output, signals and exit
// code. Works where a package manager did not run Bun's install script (npm 12, pnpm, --ignore-scripts), because it finds
// the platform package's executable itself. Plain JavaScript: Node 20 is all it may rely on.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
/** Where its install script did not run, the package "bun" holds a stub of some hundred bytes. */
const SMALLEST_EXECUTABLE_BYTES = 1_000_000;

/** The Bun executable of this platform. Exits with a sentence when none is installed. */
function findBun() {
  if (process.versions.bun !== undefined) return process.execPath;
  const found = candidates().find((path) => existsSync(path) && statSync(path).size > SMALLEST_EXECUTABLE_BYTES);
  if (found !== undefined) return found;
  const project = dirname(dirname(fileURLToPath(import.meta.url)));
  console.error(
    `keyhold: no Bun executable for ${process.platform}-${process.arch} is installed. Run "npm install" in ${project} without --omit=optional.`,
  );
  return process.exit(69);
}

/** Where npm may have put it: moved into the package "bun" by its install script, else in the platform's package. */
function candidates() {
  const require = createRequire(import.meta.url);
  const os = process.platform === "win32" ? "windows" : process.platform;
  const cpu = process.arch === "arm64" ? "aarch64" : process.arch;
  const file = process.platform === "win32" ? "bun.exe" : "bun";
  const platformPackage = `@oven/bun-${os}-${cpu}${isMusl() ? "-musl" : ""}`;
  return [
    ["bun", "bun.exe"],
    [platformPackage, file],
  ].flatMap(([name, executable]) => {
    try {
      return [join(dirname(require.resolve(`${name}/package.json`)), "bin", executable)];
    } catch {
      return [];
    }
  });
}

function isMusl() {
  if (process.platform !== "linux") return false;
  try {
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl");
  } catch {
    return false;
  }
}

/** Starts Bun with `args` and ends this process as Bun ends. */
export function runBun(args) {
  // Bun would execute the current directory's bunfig.toml preloads and load its .env; a server must do neither.
  const child = spawn(findBun(), ["--no-env-file", "--config=/dev/null", ...args], { stdio: "inherit" });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`keyhold: cannot start Bun: ${error.message}`);
    process.exit(69);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded);
    process.kill(process.pid, signal);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) runBun(process.argv.slice(2));
