// The page around an article: the bar above, all pages at its left, its own chapters at its right, and what is before and behind
// it. All that is needed to read stands in the HTML; scripts add search, copying and the choice of colours.
import type { Article, Heading } from "./article.ts";
import { escapeHtml } from "./escape.ts";
import { type Place, pathBetween, type SiteMap } from "./site-map.ts";

/** The mark of Keyhold, as the console has it. */
const MARK =
  '<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><rect width="24" height="24" rx="7"/><path d="M12 5.5a4.2 4.2 0 0 0-2.1 7.84L8.8 18.5h6.4l-1.1-5.16A4.2 4.2 0 0 0 12 5.5Z"/></svg>';
/** Pages with more chapters show those of the second level alone. */
const CHAPTERS_MAX = 28;

export function renderPage(map: SiteMap, place: Place, article: Article): string {
  const to = (target: string) => pathBetween(place.target, target);
  const isFront = place === map.front;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(isFront ? "Keyhold documentation" : `${article.title} · Keyhold`)}</title>
<link rel="icon" href="${to("assets/icon.svg")}">
<link rel="stylesheet" href="${to("assets/site.css")}">
<script src="${to("assets/page.js")}" data-root="${to("index.html").replace(/index\.html$/, "")}"></script>
</head>
<body id="top"${isFront ? ' class="front"' : ""}>
<a class="skip" href="#article">Skip to the text</a>
<header class="bar">
<a class="home" href="${to("index.html")}">${MARK}<span>Keyhold</span><span class="sub">docs</span></a>
<div class="tools"><a class="menu" href="#pages">Menu</a></div>
</header>
<div class="frame">
<main id="article">
${part(partTitle(map, place))}<article>
${body(article, isFront)}</article>
${turns(map, place, to)}
</main>
${contents(article)}
<nav id="pages" aria-label="All pages">
${map.parts.map(({ title, places }) => `<h2>${escapeHtml(title)}</h2>\n<ul>\n${places.map((item) => entry(item, place, to)).join("")}</ul>\n`).join("")}</nav>
</div>
</body>
</html>
`;
}

/** With the chapters below its title for narrow screens; on the front, what follows a link is a card's second line. */
function body(article: Article, isFront: boolean): string {
  const html = article.html.replace("</h1>\n", () => `</h1>\n${isFront ? "" : smallContents(article)}`);
  return isFront ? html.replaceAll("</a>: ", "</a> ") : html;
}

function part(title: string | null): string {
  return title === null ? "" : `<p class="part">${escapeHtml(title)}</p>\n`;
}

function partTitle(map: SiteMap, place: Place): string | null {
  const own = map.parts.find(({ places }) => places.some((item) => item === place || item.children.includes(place)));
  return own?.title ?? null;
}

/** What is in a folder is shown where the reader is in it. */
function entry(item: Place, here: Place, to: (target: string) => string): string {
  const isOpen = item === here || item.children.includes(here);
  const children = isOpen && item.children.length > 0 ? item.children.map((child) => entry(child, here, to)) : [];
  const current = item === here ? ' aria-current="page"' : "";
  const inside = children.length === 0 ? "" : `\n<ul>\n${children.join("")}</ul>\n`;
  return `<li><a href="${to(item.target)}"${current}>${escapeHtml(item.title)}</a>${inside}</li>\n`;
}

function chaptersOf({ headings }: Article): readonly Heading[] {
  const all = headings.filter(({ depth }) => depth === 2 || depth === 3);
  return all.length > CHAPTERS_MAX ? all.filter(({ depth }) => depth === 2) : all;
}

function contents(article: Article): string {
  const chapters = chaptersOf(article);
  if (chapters.length < 2) return '<div class="contents"></div>';
  return `<nav class="contents" aria-label="On this page">\n<p>On this page</p>\n${chapterList(chapters)}</nav>`;
}

/** For narrow screens, above the text. */
function smallContents(article: Article): string {
  const chapters = chaptersOf(article);
  if (chapters.length < 2) return "";
  return `<details class="small-contents"><summary>On this page</summary>\n${chapterList(chapters)}</details>\n`;
}

function chapterList(chapters: readonly Heading[]): string {
  const items = chapters.map(
    ({ depth, anchor, html }) => `<li class="depth-${depth}"><a href="#${anchor}">${html}</a></li>\n`,
  );
  return `<ul>\n${items.join("")}</ul>\n`;
}

function turns({ all }: SiteMap, place: Place, to: (target: string) => string): string {
  const index = all.indexOf(place);
  const link = (other: Place | undefined, kind: "previous" | "next") =>
    other === undefined
      ? "<span></span>"
      : `<a class="${kind}" rel="${kind === "next" ? "next" : "prev"}" href="${to(other.target)}"><small>${kind === "next" ? "Next" : "Previous"}</small>${escapeHtml(other.title)}</a>`;
  return `<nav class="turns" aria-label="Before and behind">${link(all[index - 1], "previous")}${link(all[index + 1], "next")}</nav>`;
}
