// Builds one executable that holds everything: `npm run build:binary`. Bun itself, the server and each of its threads, which
// are entry points of their own, found by name: a new one needs no line here. docs/packaging.md says what to do with it.
//
// --target linux-arm64 builds for another platform (Bun downloads itself for it), --outfile elsewhere than dist/.
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildWeb } from "./build-web.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MAIN = "src/main.ts";
const THREADS = "src/**/*-thread.ts";

const TARGETS = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;
type Target = (typeof TARGETS)[number];

const { target, outfile } = readArguments();
const path = resolve(outfile ?? join(ROOT, "dist", target === null ? "keyhold" : `keyhold-${target}`));
// They are inside too, and so are built first.
await buildWeb();
await build(path, target);
console.log(`${path} written, ${Math.round(Bun.file(path).size / 1e6)} MB`);

function readArguments(): { readonly target: Target | null; readonly outfile: string | undefined } {
  const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
  if (values.target === undefined) return { target: null, outfile: values.outfile };
  const found = TARGETS.find((known) => known === values.target);
  if (found === undefined) fail(`Cannot build for "${values.target}": expected one of ${TARGETS.join(", ")}`);
  return { target: found, outfile: values.outfile };
}

async function build(path: string, target: Target | null): Promise<void> {
  const threads = [...new Bun.Glob(THREADS).scanSync(ROOT)].toSorted();
  mkdirSync(dirname(path), { recursive: true });
  // An executable that runs cannot be written over, only replaced.
  rmSync(path, { force: true });
  const { success, logs } = await Bun.build({
    entrypoints: [MAIN, ...threads].map((file) => join(ROOT, file)),
    // Flat: a thread is named by its URL beside the module that starts it, and the bundle of main is all these modules.
    naming: "[name].[ext]",
    // Names are left as they are, so that a stack in a log can be read.
    minify: { whitespace: true, syntax: true, identifiers: false },
    // Halves the time to the first answer (npm run bench:start), for 4 MB.
    bytecode: true,
    format: "esm",
    compile: {
      outfile: path,
      // Else it would load .env and run the preloads of bunfig.toml of whatever directory it is started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(target !== null && { target: `bun-${target}` }),
    },
    throw: false,
  });
  if (!success) fail(logs.map(String).join("\n"));
  chmodSync(path, 0o755);
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
