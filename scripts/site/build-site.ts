// `npm run build:docs`: the documentation as a static site in dist/site, or in the folder that is named. It works from any path of
// any server, and from files alone. A link or a chapter that leads nowhere ends it with exit code 1.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Article, renderArticle } from "./article.ts";
import { deadChapters, fileTarget, makeLinkBook } from "./links.ts";
import { renderSearchIndex } from "./search-index.ts";
import { type Place, readSiteMap } from "./site-map.ts";
import { renderPage } from "./template.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPTS = ["page", "search"];

export interface Built {
  readonly pages: number;
  readonly faults: readonly string[];
}

/** Replaces what is in `target`. */
export async function buildSite(target: string): Promise<Built> {
  const map = readSiteMap(ROOT);
  const book = makeLinkBook(ROOT, new Map(map.all.map((place) => [place.source, place.target])));
  const articles = new Map<Place, Article>(
    map.all.map((place) => [place, renderArticle(book, place.source, readFileSync(join(ROOT, place.source), "utf8"))]),
  );
  rmSync(target, { recursive: true, force: true });
  for (const [place, article] of articles) write(join(target, place.target), renderPage(map, place, article));
  for (const file of book.files) copy(join(ROOT, file), join(target, fileTarget(file)));
  write(join(target, "assets/search-index.js"), renderSearchIndex(articles));
  copy(join(ROOT, "scripts/site/site.css"), join(target, "assets/site.css"));
  copy(join(ROOT, "src/console/icon.svg"), join(target, "assets/icon.svg"));
  await buildScripts(join(target, "assets"));
  const anchorsOf = new Map(
    [...articles].map(([{ source }, { headings }]) => [source, headings.map(({ anchor }) => anchor)]),
  );
  return { pages: map.all.length, faults: [...book.faults, ...deadChapters(book, anchorsOf)] };
}

/** Classic scripts, as browsers load no modules from files. */
async function buildScripts(outdir: string): Promise<void> {
  const { success, logs } = await Bun.build({
    entrypoints: SCRIPTS.map((name) => join(ROOT, `scripts/site/browser/${name}.ts`)),
    target: "browser",
    format: "iife",
    minify: true,
    outdir,
    throw: false,
  });
  if (!success) throw new Error(`Cannot build the scripts of the site: ${logs.map(String).join("\n")}`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

if (import.meta.main) {
  const target = process.argv[2] ?? join(ROOT, "dist/site");
  const { pages, faults } = await buildSite(target);
  for (const fault of faults) console.error(fault);
  console.log(`Site: ${pages} pages in ${target}`);
  if (faults.length > 0) process.exitCode = 1;
}
