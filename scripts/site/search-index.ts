// What a search of the site looks in: every chapter of every page, as an index that MiniSearch has made and a browser reads back.
// It is a script and not JSON, as a page from a file may load the one and not the other.
import MiniSearch from "minisearch";
import type { Article } from "./article.ts";
import { SEARCH_OPTIONS } from "./search-options.ts";
import type { Place } from "./site-map.ts";

/** How much of a chapter is shown with what was found. */
const EXCERPT_LENGTH = 160;

export function renderSearchIndex(articles: ReadonlyMap<Place, Article>): string {
  const index = new MiniSearch(SEARCH_OPTIONS);
  for (const [place, { passages, title }] of articles) {
    for (const passage of passages) {
      index.add({
        id: passage.anchor === "" ? place.target : `${place.target}#${passage.anchor}`,
        title: passage.title,
        page: title,
        text: passage.text,
        excerpt: passage.text.slice(0, EXCERPT_LENGTH),
      });
    }
  }
  return `globalThis.keyholdSearchIndex = ${JSON.stringify(JSON.stringify(index))};\n`;
}
