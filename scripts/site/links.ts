// Where the links of a page lead on the site: another page, a file of the project, which is put beside the pages as text, or
// somewhere else in the world. What leads nowhere is kept as a fault, and fails the build.
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { pathBetween } from "./site-map.ts";

/** What all pages share while they are made. */
export interface LinkBook {
  readonly root: string;
  /** By source, from the project's root. */
  readonly targets: ReadonlyMap<string, string>;
  /** Files to be put beside the pages, from the project's root. */
  readonly files: Set<string>;
  /** Links to chapters, looked at when all pages are made. */
  readonly toChapters: { readonly from: string; readonly to: string; readonly anchor: string }[];
  readonly faults: string[];
}

export function makeLinkBook(root: string, targets: ReadonlyMap<string, string>): LinkBook {
  return { root, targets, files: new Set(), toChapters: [], faults: [] };
}

/** The href on the site; null for a folder, which has no page. */
export function resolveLink(book: LinkBook, source: string, href: string): string | null {
  if (/^[a-z]+:/.test(href)) return href;
  const [path = "", anchor = ""] = href.split("#");
  const to = path === "" ? source : normalize(join(dirname(source), path));
  const own = book.targets.get(source) ?? "";
  const target = book.targets.get(to);
  if (target !== undefined) {
    if (anchor !== "") book.toChapters.push({ from: source, to, anchor });
    const way = path === "" ? "" : pathBetween(own, target);
    return anchor === "" ? way || "#top" : `${way}#${anchor}`;
  }
  if (to.startsWith("..") || !existsSync(join(book.root, to))) {
    book.faults.push(`${source}: ${href} leads nowhere`);
    return null;
  }
  if (statSync(join(book.root, to)).isDirectory()) return null;
  book.files.add(to);
  return pathBetween(own, fileTarget(to));
}

/** As text, whatever a browser makes of its name. */
export function fileTarget(path: string): string {
  return /\.(?:png|svg|json|txt|webp)$/.test(path) ? `files/${path}` : `files/${path}.txt`;
}

/** @param anchorsOf - the chapters of each page, by source */
export function deadChapters(book: LinkBook, anchorsOf: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return book.toChapters
    .filter(({ to, anchor }) => !(anchorsOf.get(to) ?? []).includes(anchor))
    .map(({ from, to, anchor }) => `${from}: ${to} has no chapter #${anchor}`);
}
