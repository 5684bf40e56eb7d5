// The client's suite, the same on Bun, on Node and, where it is installed, on Deno: against one server, one that asks for tokens, and a proxy
// that fails as it is told. Other runtimes run the built client, as users do, in a process of their own, all cases at once.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as api from "../../src/client/keyhold.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { findCommand } from "../support/other-program.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import type { CaseResult } from "./other-runtime.ts";
import { CASES, type Place, runCase } from "./run-cases.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(ROOT, "dist/client/keyhold.js");
const SECRET = "a-secret-of-the-suite-that-is-long-enough";
const SET_UP_MS = 60_000;

interface Runtime {
  readonly name: string;
  readonly command: readonly string[] | null;
}

const deno = findCommand(["deno"], "Deno");
const RUNTIMES: readonly Runtime[] = [
  { name: "node", command: ["node"] },
  { name: "deno", command: deno === null ? null : [deno, "run", "--allow-net", "--allow-read"] },
];

const directory = makeTemporaryDirectory();
const started: ServerProcess[] = [];
let proxy: FaultProxy;
let place: Omit<Place, "runtime">;
let program: string;

beforeAll(async () => {
  const secretFile = join(directory, "secret");
  await Bun.write(secretFile, SECRET);
  const [open, guarded] = await Promise.all([
    startServerProcess(["--store", `sqlite:${directory}/open`]),
    startServerProcess(["--store", "memory:", "--admin-token-file", secretFile]),
  ]);
  started.push(open, guarded);
  proxy = await startFaultProxy(open.url);
  place = { url: open.url, proxyUrl: proxy.url, guarded: { url: guarded.url, secret: SECRET } };
  program = await bundleSuite();
}, SET_UP_MS);

afterAll(async () => {
  await proxy?.close();
  for (const server of started) {
    server.kill("SIGKILL");
    await server.exited;
  }
  removeTemporaryDirectory(directory);
});

describe("the client on bun", () => {
  for (const each of CASES) test(each.name, () => runCase(api, { ...place, runtime: "bun" }, each));
});

for (const { name, command } of RUNTIMES) {
  describe.skipIf(command === null)(`the client on ${name}`, () => {
    let results: ReadonlyMap<string, CaseResult>;

    beforeAll(async () => {
      results = await runElsewhere(name, command ?? []);
      const failed = [...results.values()].filter(({ failure }) => failure !== null);
      console.log(`${name}: ${results.size - failed.length} of ${CASES.length} cases passed`);
    }, SET_UP_MS);

    for (const each of CASES) {
      test(each.name, () => {
        const result = results.get(each.name);
        if (result === undefined) throw new Error(`It was not run to its end on ${name}`);
        if (result.failure !== null) throw new Error(result.failure);
      });
    }
  });
}

test("names no case twice", () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

async function runElsewhere(runtime: string, command: readonly string[]): Promise<ReadonlyMap<string, CaseResult>> {
  const { pathname } = pathToFileURL(BUILT);
  const child = Bun.spawn([...command, program, `file://${pathname}`, JSON.stringify({ ...place, runtime })], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = (await new Response(child.stdout).text()).split("\n").filter((line) => line !== "");
  expect(await child.exited).toBe(0);
  const results = lines.map((line): CaseResult => JSON.parse(line));
  return new Map(results.map((result) => [result.name, result]));
}

/** The suite as one file that any runtime takes. */
async function bundleSuite(): Promise<string> {
  if (!existsSync(BUILT)) throw new Error(`There is no ${BUILT}: run "npm run build"`);
  const { success, logs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "other-runtime.ts")],
    target: "node",
    outdir: directory,
    naming: "program.mjs",
    throw: false,
  });
  if (!success) throw new Error(logs.map(String).join("\n"));
  return join(directory, "program.mjs");
}
