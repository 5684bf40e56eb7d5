// Builds what other programs import, `keyhold/client` and the adapters, into dist/: plain JavaScript with types, a file for each
// of src/, by the compiler alone. tsconfig.client.json says from where, and that nothing is used there that a browser lacks;
// tsconfig.adapters.json adds the adapters, whose libraries bring types of their own.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Folders that are made; what is in them from a former build goes. */
const MADE = ["client", "adapters", "core", "wire"].map((name) => join(ROOT, "dist", name));

export function buildClient(): string {
  for (const folder of MADE) rmSync(folder, { recursive: true, force: true });
  for (const project of ["tsconfig.client.json", "tsconfig.adapters.json"]) {
    const compiler = ["node", join(ROOT, "node_modules/typescript/bin/tsc"), "-p", join(ROOT, project)];
    const { success, stdout, stderr } = Bun.spawnSync(compiler, { cwd: ROOT });
    if (!success) throw new Error(`Cannot build by ${project}:\n${stdout}${stderr}`);
  }
  const files = MADE.filter(existsSync).flatMap((folder) => [...new Bun.Glob("**/*.js").scanSync(folder)]);
  return `${files.length} modules in dist/`;
}
