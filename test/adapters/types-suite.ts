// The types of the adapters as who installs the package sees them: its declarations are checked with the program, in the two ways
// in which TypeScript finds packages.
import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../support/run-command.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const ROOT = join(import.meta.dir, "../..");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

const PROGRAM = `
import session from "express-session";
import Keyv from "keyv";
import { secondaryStorage } from "keyhold/better-auth";
import { Keyhold } from "keyhold/client";
import { KeyholdHitStore } from "keyhold/express-rate-limit";
import { sessionStore } from "keyhold/express-session";
import { KeyholdKeyv } from "keyhold/keyv";
import { flexibleLimiter, type Taken, WindowLimiter } from "keyhold/rate-limiter";
import keyholdDriver from "keyhold/unstorage";
import * as library from "rate-limiter-flexible";
import { createStorage } from "unstorage";

const client = new Keyhold("http://127.0.0.1:3000", { token: "secret" });

export const cache = new Keyv<number>(new KeyholdKeyv({ client, prefix: "cache/" }));
export const storage = createStorage<string>({ driver: keyholdDriver({ client, ttl: 60 }) });
export const middleware = session({ secret: "secret", store: sessionStore(session.Store, { client, ttlMs: 60_000 }) });
export const limiter: library.RateLimiterAbstract = flexibleLimiter(library, { client, points: 1, duration: 1 });
export const taken: Promise<Taken> = new WindowLimiter({ client, limit: 1, windowMs: 1000 }).take("a");
export const hits: Promise<{ totalHits: number }> = new KeyholdHitStore({ client }).increment("a");
export const taker: Promise<string | null> = secondaryStorage({ client }).getAndDelete("a");

// @ts-expect-error
new KeyholdKeyv({});
// @ts-expect-error
flexibleLimiter(library, { client, points: 1 });
`;

/** What its program needs of the project's dependencies. */
const PACKAGES = ["@types", "express-session", "keyv", "@keyv", "rate-limiter-flexible", "unstorage"];

export function typesSuite(): void {
  test.each(["nodenext", "bundler"])("check where modules are found as by %s", async (resolution) => {
    await withTemporaryDirectory(async (directory) => {
      const modules = join(directory, "node_modules");
      mkdirSync(modules);
      symlinkSync(ROOT, join(modules, "keyhold"));
      for (const name of PACKAGES) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
      writeFileSync(join(directory, "program.mts"), PROGRAM);
      const compilerOptions = {
        strict: true,
        noEmit: true,
        target: "es2022",
        module: resolution === "nodenext" ? "nodenext" : "preserve",
        moduleResolution: resolution,
        types: ["node"],
      };
      writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts"] }));
      const { out } = await runCommand(["node", TSC, "-p", directory]);
      // Other packages' declarations are checked as well, and have errors of their own.
      const wrong = out
        .split("\n")
        .filter((line) => /^program\.mts|\/dist\/(?:adapters|client|core|wire)\//.test(line));
      expect(wrong).toEqual([]);
    });
  });
}
