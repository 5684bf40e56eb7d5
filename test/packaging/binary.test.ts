// The executable of `npm run build:binary`, alone: copied into an empty directory, without a path to anything else, and
// started where somebody has left files that Bun would run.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { expectPages } from "../support/expect-pages.ts";
import { mustRun, runCommand } from "../support/run-command.ts";
import { SERVE, type ServerProcess, startListening } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const BUILD = fileURLToPath(new URL("../../scripts/build-binary.ts", import.meta.url));
const BUILD_MS_MAX = 120_000;

const top = makeTemporaryDirectory();
const binary = join(top, "alone", "keyhold");
const elsewhere = join(top, "elsewhere");
const surroundings = { directory: elsewhere, environment: { PATH: "/nonexistent" } };

beforeAll(async () => {
  const built = join(top, "build", "keyhold");
  await mustRun([process.execPath, BUILD, "--outfile", built]);
  for (const directory of ["alone", "elsewhere"]) mkdirSync(join(top, directory));
  copyFileSync(built, binary);
  removeTemporaryDirectory(join(top, "build"));
  writeFileSync(join(elsewhere, "bunfig.toml"), 'preload = ["./hostile.ts"]\n[run]\nbun = true\n');
  writeFileSync(join(elsewhere, "hostile.ts"), 'require("node:fs").writeFileSync("hostile-ran", "");');
  writeFileSync(join(elsewhere, ".env"), "KEYHOLD_PORT=1\nKEYHOLD_STORE=memory:\n");
  writeFileSync(join(elsewhere, "package.json"), '{"name": "keyhold", "version": "6.6.6"}');
}, BUILD_MS_MAX);

afterAll(() => removeTemporaryDirectory(top));

test("--version, --help and config need nothing else, and take nothing from the directory they are started in", async () => {
  expect(await runCommand([binary, "--version"], surroundings)).toEqual({
    exitCode: 0,
    out: `${packageJson.version}\n`,
    error: "",
  });
  expect((await mustRun([binary, "--help"], surroundings)).split("\n")[0]).toBe("Examples:");
  const config = JSON.parse(await mustRun([binary, "config", "--json"], surroundings));
  expect(config.port).toMatchObject({ value: 3000, origin: "default" });
  expect(existsSync(join(elsewhere, "hostile-ran"))).toBe(false);
});

test("a wrong flag exits 2", async () => {
  expect((await runCommand([binary, "serve", "--prot", "1"], surroundings)).exitCode).toBe(2);
});

test("a store keeps what was answered over kill -9, is checked after it, and is stopped in order", async () => {
  const store = join(top, "store");
  const start = () => startListening([binary, ...SERVE, "--workers", "2", "--store", `sqlite:${store}`], surroundings);
  const killed = await start();
  expect((await fetch(`${killed.url}/greeting`, { method: "PUT", body: "hello" })).status).toBe(201);
  expect(await (await fetch(`${killed.url}/greeting`)).text()).toBe("hello");
  killed.kill("SIGKILL");
  await killed.exited;

  const again = await start();
  expect(await (await fetch(`${again.url}/greeting`)).text()).toBe("hello");
  await expectPages(again.url);
  // By a thread of its own: it is inside too, as that which serves beside the first.
  expect(await verdict(again)).toBe("passed");
  expect((await runCommand([binary, "health", "--url", again.url], surroundings)).exitCode).toBe(0);
  again.kill("SIGTERM");
  expect(await again.exited).toBe(0);
  const { exitCode, error } = await runCommand([binary, "health", "--url", again.url], surroundings);
  expect([exitCode, error.startsWith(`keyhold: Cannot ask ${again.url}/-/ready: `)]).toEqual([1, true]);

  expect(existsSync(join(elsewhere, "hostile-ran"))).toBe(false);
  expect(readdirSync(join(top, "alone"))).toEqual(["keyhold"]);
});

test("a target that there is none for is refused by name", async () => {
  const { exitCode, error } = await runCommand([process.execPath, BUILD, "--target", "linux-mips"]);
  expect([exitCode, error]).toEqual([
    1,
    expect.stringContaining('Cannot build for "linux-mips": expected one of linux-'),
  ]);
});

async function verdict({ url }: ServerProcess): Promise<string> {
  for (;;) {
    const info: { readonly store: { readonly integrity: string } } = JSON.parse(
      await (await fetch(`${url}/-/info`)).text(),
    );
    if (info.store.integrity !== "running") return info.store.integrity;
  }
}
