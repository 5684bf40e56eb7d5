// Builds the pages that run in browsers into dist/web.assets: the console and the reference of the interface, each from a
// page of HTML and what it loads. src/http/assets/ reads that one file; src/http/assets/web-assets.ts has its format. Nothing
// that differs from run to run goes in, so that the same sources make the same file.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { WebAsset } from "../src/http/assets/web-assets.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = "dist/web.assets";

/** Where a page is served beneath `/-/`, and what it is made from. */
const PAGES: Readonly<Record<string, string>> = {
  console: "src/console/console.html",
  docs: "src/reference/reference.html",
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  webp: "image/webp",
  woff2: "font/woff2",
};

/** What each page and all that it loads comes to, packed; printed by scripts/build.ts. */
export async function buildWeb(): Promise<string> {
  const built = await Promise.all(Object.entries(PAGES).map(([name, file]) => buildPage(name, file)));
  const assets = new Map(built.flat().map((asset) => [asset.path, asset]));
  const text = JSON.stringify([...assets.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  mkdirSync(join(ROOT, dirname(TARGET)), { recursive: true });
  writeFileSync(join(ROOT, TARGET), `${text}\n`);
  const sizes = Object.keys(PAGES).map((name, index) => `${name} ${kilobytes(built[index] ?? [])}`);
  return `${TARGET}: ${sizes.join(", ")}, packed`;
}

async function buildPage(name: string, file: string): Promise<readonly WebAsset[]> {
  const { success, outputs, logs } = await Bun.build({
    entrypoints: [join(ROOT, file)],
    target: "browser",
    tsconfig: join(ROOT, "tsconfig.web.json"),
    minify: true,
    publicPath: "/-/assets/",
    naming: { entry: `${name}.[ext]`, chunk: `${name}-[hash].[ext]`, asset: `${name}-[name]-[hash].[ext]` },
    define: { "process.env.NODE_ENV": '"production"' },
    throw: false,
  });
  if (!success) throw new Error(`Cannot build ${file}: ${logs.map(String).join("\n")}`);
  return await Promise.all(outputs.map((output) => toAsset(name, output)));
}

async function toAsset(page: string, output: Bun.BuildArtifact): Promise<WebAsset> {
  const content = new Uint8Array(await output.arrayBuffer());
  const name = basename(output.path);
  const extension = name.slice(name.lastIndexOf(".") + 1);
  const contentType = CONTENT_TYPES[extension];
  if (contentType === undefined) throw new Error(`Cannot serve ${name}: no media type is known for .${extension}`);
  return {
    path: extension === "html" ? page : `assets/${name}`,
    contentType,
    hash: new Bun.CryptoHasher("sha256").update(content).digest("hex").slice(0, 16),
    gzip: gzipSync(content, { level: 9 }).toString("base64"),
  };
}

function kilobytes(assets: readonly WebAsset[]): string {
  const bytes = assets.reduce((sum, { gzip }) => sum + Buffer.byteLength(gzip, "base64"), 0);
  return `${(bytes / 1000).toFixed(1)} kB`;
}
