// Which pages there are, in which order, and where each comes to stand. The front door, docs/README.md, is the one source: a
// heading of its second level is a part, a list item with a link a page. A page that is the index of its folder brings the pages
// that it links to there with it. A page that nothing names fails the build.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

export interface Place {
  /** From the project's root. */
  readonly source: string;
  /** From the site's. */
  readonly target: string;
  readonly title: string;
  /** What is in its folder, where it is the index of one. */
  readonly children: readonly Place[];
}

export interface SitePart {
  readonly title: string;
  readonly places: readonly Place[];
}

export interface SiteMap {
  readonly front: Place;
  readonly parts: readonly SitePart[];
  /** In the order of reading. */
  readonly all: readonly Place[];
}

const FRONT = "docs/README.md";
const ITEM = /^- \[([^\]]+)\]\(([^)#]+\.md)\)/gm;
const LINK = /\]\(([^)#/]+\.md)\)/g;

/** @throws Error on a page of docs that is nowhere in it */
export function readSiteMap(root: string): SiteMap {
  const text = readFileSync(join(root, FRONT), "utf8");
  const [, ...sections] = text.split(/^## /m);
  const parts = sections
    .map((section) => ({
      title: section.split("\n")[0] ?? "",
      places: placesIn(root, FRONT, section),
    }))
    .filter(({ places }) => places.length > 0);
  const front: Place = { source: FRONT, target: "index.html", title: "Documentation", children: [] };
  const all = [front, ...parts.flatMap(({ places }) => places.flatMap((place) => [place, ...place.children]))];
  const named = new Set(all.map(({ source }) => source));
  const forgotten = markdownIn(root, "docs").filter((path) => !named.has(path));
  if (forgotten.length > 0) throw new Error(`${FRONT} leads nowhere to ${forgotten.join(", ")}`);
  return { front, parts, all };
}

/** Where a page of the project comes to stand: without `docs/`, an index as `index.html`, and what is beside docs in `project/`. */
export function targetOf(source: string): string {
  const path = source.startsWith("docs/") ? source.slice("docs/".length) : `project/${source.toLowerCase()}`;
  return source.startsWith("docs/")
    ? path.replace(/(^|\/)README\.md$/, "$1index.html").replace(/\.md$/, ".html")
    : path.replace(/\.md$/, ".html");
}

/** What leads from one page to another, from the site's root each. */
export function pathBetween(from: string, to: string): string {
  return relative(dirname(from), to) || ".";
}

function placesIn(root: string, page: string, text: string): readonly Place[] {
  return [...text.matchAll(ITEM)].map(([, title = "", link = ""]) => {
    const source = normalize(join(dirname(page), link));
    if (!existsSync(join(root, source))) throw new Error(`${page} names ${link}, which is not there`);
    return { source, target: targetOf(source), title: title.replaceAll("`", ""), children: childrenOf(root, source) };
  });
}

/** Only of indexes below docs; what they link to in their own folder, by its own title. */
function childrenOf(root: string, index: string): readonly Place[] {
  if (!/^docs\/.+\/README\.md$/.test(index)) return [];
  const links = readFileSync(join(root, index), "utf8").matchAll(LINK);
  const names = new Set([...links].map(([, name = ""]) => name));
  names.delete("README.md");
  return [...names].map((name) => {
    const source = join(dirname(index), name);
    const [, title = name] = /^# (.+)$/m.exec(readFileSync(join(root, source), "utf8")) ?? [];
    return { source, target: targetOf(source), title: title.replaceAll("`", ""), children: [] };
  });
}

function markdownIn(root: string, directory: string): readonly string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
