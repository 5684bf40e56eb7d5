// The npm package: what is in it, and that a stranger's directory needs nothing but it. Installed with --ignore-scripts, as
// several package managers do by themselves: Bun's own install script does not run then.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { expectPages } from "../support/expect-pages.ts";
import { mustRun } from "../support/run-command.ts";
import { SERVE, startListening } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Packed; the figure that downloads show. */
const PACKAGE_BYTES_MAX = 1_700_000;
const INSTALL_MS_MAX = 120_000;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const top = makeTemporaryDirectory();
const stranger = join(top, "stranger");
let packed: Packed;

beforeAll(async () => {
  const listed: readonly Packed[] = JSON.parse(
    await mustRun(["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", top], { directory: ROOT }),
  );
  if (listed[0] === undefined) throw new Error("npm pack made no package");
  packed = listed[0];
  mkdirSync(stranger);
  writeFileSync(join(stranger, "package.json"), '{"private": true}');
  // From npm's cache, which the installation of this project has filled; what is missing there is downloaded.
  const install = ["npm", "install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await mustRun([...install, join(top, packed.filename)], { directory: stranger });
}, INSTALL_MS_MAX);

afterAll(() => removeTemporaryDirectory(top));

test("has what is run and read, and nothing else", () => {
  const paths = packed.files.map(({ path }) => path);
  for (const path of [
    "bin/keyhold.js",
    "bin/run-bun.js",
    "src/main.ts",
    "dist/web.assets",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "man/keyhold.1",
  ]) {
    expect(paths).toContain(path);
  }
  const threads = [...new Bun.Glob("src/engines/**/*-thread.ts").scanSync(ROOT)];
  expect(threads.length).toBeGreaterThan(1);
  for (const thread of threads) expect(paths).toContain(thread);
  const scripts = [...new Bun.Glob("src/engines/valkey/*.lua").scanSync(ROOT)];
  expect(scripts.length).toBeGreaterThan(1);
  for (const script of scripts) expect(paths).toContain(script);
  expect(
    paths.filter(
      (path) => !/^(?:bin|dist|src|docs|examples|deploy|man)\/|^[A-Za-z]+\.(?:md|json)$|^LICENSE$/.test(path),
    ),
  ).toEqual([]);
  expect(paths.filter((path) => path.includes(".test.") || path.includes("node_modules"))).toEqual([]);
  expect(packed.size).toBeLessThan(PACKAGE_BYTES_MAX);
});

test("pins what it depends on, and lets a package manager that asks run Bun's install script", () => {
  for (const version of Object.values(packageJson.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(packageJson.allowScripts).toEqual({ bun: true });
});

// None of their libraries is in that directory, so that whatever an adapter loaded besides its client would be missed.
test("every adapter is imported by Node, with no other package", async () => {
  const names = Object.keys(packageJson.exports).filter((name) => /^\.\/(?!client|package)/.test(name));
  expect(names.length).toBeGreaterThan(3);
  const program = names.map((name) => `console.log(Object.keys(await import("keyhold${name.slice(1)}")).length > 0);`);
  const node = ["node", "--input-type=module", "--eval", program.join("\n")];
  expect(await mustRun(node, { directory: stranger })).toBe("true\n".repeat(names.length));
  for (const library of Object.keys(packageJson.peerDependencies)) {
    expect(existsSync(join(stranger, "node_modules", library))).toBe(false);
  }
});

test("npx keyhold runs from another directory", async () => {
  const version = await mustRun(["npx", "--no-install", "keyhold", "--version"], { directory: stranger });
  expect(version).toBe(`${packageJson.version}\n`);
});

// By its path: npx puts a shell between, which keeps SIGTERM to itself.
test("the installed command serves, and stops in order", async () => {
  const command = [join(stranger, "node_modules/.bin/keyhold"), ...SERVE, "--store", `sqlite:${join(top, "store")}`];
  const server = await startListening(command, { directory: stranger });
  try {
    expect((await fetch(`${server.url}/greeting`, { method: "PUT", body: "hello" })).status).toBe(201);
    expect(await (await fetch(`${server.url}/greeting`)).text()).toBe("hello");
    await expectPages(server.url);
  } finally {
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  }
});
