// What the built package is to a stranger's program: types that compile whichever way modules are resolved, plain modules that
// name nothing of Node or Bun, and code that runs where there is nothing but the web's interfaces.
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { mustRun } from "../support/run-command.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const TEST_MS = 60_000;
/** Names of runtimes, and what only some of them have. */
const NOT_OF_THE_WEB = /\b(?:Bun|Deno|Buffer|process|require|__dirname|setImmediate|window|document)\b\s*[.([]/;

/** All of the interface that a program is likely to touch, so that its types are looked at. */
const PROGRAM = `
import { hasCode, Keyhold, KeyholdError, type Entry, type PutEvent, type WatchEvent, type Written } from "keyhold/client";

const db = new Keyhold("http://127.0.0.1:3000", { token: async () => "secret", retry: { tries: 2 } });

export async function useEverything(signal: AbortSignal): Promise<readonly (string | null)[]> {
  const written: Written = await db.put("a", new Uint8Array([1]), { ttlMs: 1000, signal });
  const entry: Entry | null = await db.get("a");
  const settings = await db.getJson<{ readonly mode: string }>("settings");
  for await (const { key } of db.list({ prefix: "a", limit: 2 })) await db.delete(key, { ifMatch: written.etag });
  const done = await db.transact({ checks: [{ key: "a", absent: true }], ops: [{ get: { key: "a" } }] });
  if (!done.committed) return done.failed.map(({ key }) => key);
  for (const result of done.results) if (result.op === "get") result.entry?.text();
  for await (const event of db.watch({ since: "snapshot" })) if (isPut(event)) return [event.text()];
  try {
    await db.create("a", "1");
  } catch (error) {
    if (error instanceof KeyholdError && hasCode(error, "forbidden", "a-code-of-later")) throw error;
  }
  const stream: ReadableStream<Uint8Array> | undefined = (await db.getStream("a"))?.body;
  return [entry?.text() ?? null, settings?.mode ?? null, stream === undefined ? null : ""];
}

function isPut(event: WatchEvent): event is PutEvent {
  return event.type === "put";
}
`;

/** Asks for a value in a context that has what an edge runtime has, and nothing else. */
const EDGE = `
import { readFileSync } from "node:fs";
import { createContext, Script } from "node:vm";
const names = ["AbortController", "AbortSignal", "atob", "Blob", "btoa", "clearTimeout", "crypto", "fetch", "Headers", "performance",
  "ReadableStream", "Request", "Response", "setTimeout", "TextDecoder", "TextEncoder", "TransformStream", "URL", "URLSearchParams"];
const context = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
const [file, url] = process.argv.slice(2);
const program = "(async () => { const { Keyhold } = keyhold; const db = new Keyhold(url); await db.put('a/b', 'edge');"
  + "for await (const { key } of db.watch({ since: 'snapshot' })) return key + '=' + await db.getText('a/b'); })()";
new Script(readFileSync(file, "utf8")).runInContext(context);
context.url = url;
console.log(await new Script(program).runInContext(context));
`;

const directory = makeTemporaryDirectory();
afterAll(() => removeTemporaryDirectory(directory));

test("every way into the package that it names leads to a file with types", () => {
  for (const entry of Object.values(packageJson.exports)) {
    const paths = typeof entry === "string" ? [entry] : Object.values(entry);
    for (const path of paths) expect({ path, exists: existsSync(join(ROOT, path)) }).toEqual({ path, exists: true });
  }
});

test("the client imports its own files alone, and uses no name that only some runtimes have", () => {
  const reached = modulesFrom(join(ROOT, packageJson.exports["./client"].default));
  expect(reached.size).toBeGreaterThan(30);
  for (const [path, text] of reached) {
    expect({ path, found: NOT_OF_THE_WEB.exec(withoutComments(text))?.[0] ?? null }).toEqual({ path, found: null });
  }
});

test.each([
  ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
  ["bundler", { module: "esnext", moduleResolution: "bundler" }],
  [
    "nodenext, with the types of Node in place of a browser's",
    { module: "nodenext", lib: ["ES2022"], types: ["node"] },
  ],
])(
  "a stranger's program compiles: %s",
  async (name, options) => {
    const project = join(directory, name.replaceAll(/\W/g, "-"));
    mkdirSync(join(project, "node_modules"), { recursive: true });
    symlinkSync(ROOT, join(project, "node_modules/keyhold"));
    symlinkSync(join(ROOT, "node_modules/@types"), join(project, "node_modules/@types"));
    writeFileSync(join(project, "package.json"), '{"type": "module"}');
    writeFileSync(join(project, "program.ts"), PROGRAM);
    const common = { strict: true, noEmit: true, target: "ES2022", types: [], preserveSymlinks: true };
    const compilerOptions = { ...common, lib: ["ES2022", "DOM", "DOM.AsyncIterable"], ...options };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
    expect(await mustRun(["node", TSC, "-p", project], { directory: project })).toBe("");
  },
  TEST_MS,
);

test(
  "the client runs where there is nothing but the web's interfaces",
  async () => {
    const entry = join(directory, "edge-entry.js");
    const program = join(directory, "edge-program.js");
    writeFileSync(entry, `import * as keyhold from ${JSON.stringify(clientPath())}; globalThis.keyhold = keyhold;`);
    const built = await Bun.build({ entrypoints: [entry], target: "browser", format: "iife" });
    writeFileSync(program, (await built.outputs[0]?.text()) ?? "");
    writeFileSync(join(directory, "edge.mjs"), EDGE);
    await withServerProcess(async ({ url }) => {
      const command = ["node", join(directory, "edge.mjs"), program, url];
      expect(await mustRun(command, { directory })).toBe("a/b=edge\n");
    });
  },
  TEST_MS,
);

function clientPath(): string {
  return join(ROOT, packageJson.exports["./client"].default);
}

/** The text of every module that is reached, by its path. @throws where a package or a module of a runtime is imported */
function modulesFrom(entry: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    const text = readFileSync(path, "utf8");
    found.set(path, text);
    for (const { path: target } of new Bun.Transpiler({ loader: "js" }).scanImports(text)) {
      if (!target.startsWith(".")) throw new Error(`${path} imports ${target}`);
      visit(join(dirname(path), target));
    }
  };
  visit(entry);
  return found;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/ .*$/gm, "");
}
