// `npm run build`: makes what is handed out and not written by hand, into dist/. Each step is a function that answers a line
// of what it made. With --if-possible, as `npm install` runs it, it does nothing where development dependencies are left out.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const STEPS: readonly { readonly title: string; readonly run: () => Promise<string> }[] = [
  { title: "Pages", run: async () => await (await import("./build-web.ts")).buildWeb() },
  { title: "Client", run: async () => (await import("./build-client.ts")).buildClient() },
];

/** Packages that the steps build with. */
const NEEDED = ["preact", "swagger-ui-dist", "typescript"];

const missing = NEEDED.filter(
  (name) => !existsSync(fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url))),
);
if (missing.length > 0 && process.argv.includes("--if-possible")) {
  console.log(`Nothing is built: ${missing.join(", ")} are not installed, which "npm install" without --omit=dev does`);
  process.exit(0);
}
for (const { title, run } of STEPS) console.log(`${title}: ${await run()}`);
