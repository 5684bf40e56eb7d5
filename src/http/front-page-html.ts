// The front page as HTML: how the server stands, where to go on to, and the curl lines. No script, and no style but the sheet
// within, which the policy of the page names by its digest.
import type { FrontPage, Link } from "./front-page.ts";
import { escapeHtml, htmlHeaders, htmlPage, MARK_SHAPES } from "./html.ts";

const STYLE = `:root{color-scheme:light dark;--page:light-dark(#fbfcfb,#121617);--ink:light-dark(#1c2723,#e3e8e6);--soft:light-dark(#53615b,#a3afaa);--line:light-dark(#d8e0dc,#2c3538);--card:light-dark(#ffffff,#191f21);--code:light-dark(#f0f4f2,#1b2224);--accent:light-dark(#0b6b5c,#57cbb4);--good:light-dark(#1d7a4f,#5fd39a);--bad:light-dark(#a8322a,#ff9a8f)}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",sans-serif}
.wrap{max-width:68rem;margin:0 auto;padding-inline:1.25rem}
header{padding-block:3.5rem 2.25rem;border-bottom:1px solid var(--line)}
.name{display:flex;flex-wrap:wrap;align-items:center;gap:.35rem .9rem;margin:0;font-size:clamp(2rem,5vw,2.75rem);line-height:1.15;letter-spacing:-.02em}
.name svg{width:1.15em;height:1.15em;flex:none}
.version{color:var(--soft);font:500 1rem/1 ui-monospace,monospace;letter-spacing:0}
.lead{max-width:40rem;margin:1rem 0 0;font-size:1.2rem;line-height:1.5}
.promise{max-width:44rem;margin:.35rem 0 0;color:var(--soft)}
.state{display:flex;flex-wrap:wrap;gap:.5rem 2.25rem;margin:1.75rem 0 0}
.state div{display:flex;flex-direction:column}
.state dt{color:var(--soft);font-size:.8rem;letter-spacing:.03em}
.state dd{margin:0;font-weight:600}
.state .ready::before,.state .unready::before{content:"";display:inline-block;width:.6rem;height:.6rem;margin-right:.45rem;border-radius:50%;background:var(--good)}
.state .unready{color:var(--bad)}
.state .unready::before{background:var(--bad)}
nav ul{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.75rem;margin:2rem 0 0;padding:0;list-style:none}
nav a{display:block;height:100%;padding:.85rem 1rem;border:1px solid var(--line);border-radius:10px;background:var(--card);color:inherit;text-decoration:none}
nav a:hover{border-color:var(--accent)}
nav a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
nav strong{display:block;color:var(--accent)}
nav span{display:block;color:var(--soft);font-size:.92rem;line-height:1.4}
main{padding-block:2.5rem 4rem}
h2{margin:0 0 .5rem;font-size:1.35rem;letter-spacing:-.01em}
.note{margin:0 0 1rem;padding:.65rem 1rem;border-left:4px solid var(--accent);background:var(--code)}
section{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr);gap:.5rem 2rem;padding:1.25rem 0;border-top:1px solid var(--line)}
h3{margin:.55rem 0 0;font-size:1rem;line-height:1.4}
pre{margin:0;padding:.8rem 1rem;border:1px solid var(--line);border-radius:10px;background:var(--code);font:13.5px/1.65 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
pre code{display:block;font:inherit;padding-left:2ch;text-indent:-2ch}
pre code::before{content:"$ ";color:var(--accent)}
@media(max-width:48rem){header{padding-block:2.25rem 1.75rem}section{grid-template-columns:minmax(0,1fr)}h3{margin:0}nav ul{grid-template-columns:1fr 1fr;gap:.6rem}nav a{padding:.7rem .8rem}main{padding-block:2rem 3rem}}`;

const MARK = `<svg viewBox="0 0 24 24" aria-hidden="true">${MARK_SHAPES}</svg>`;

export const FRONT_PAGE_HEADERS = htmlHeaders(STYLE);

export function frontPageHtml(page: FrontPage): string {
  const { version, sentence, promise, state, notes, links, chapters, isReady } = page;
  const shown = state.map(([name, value], index) => {
    const mark = index > 0 ? "" : ` class="${isReady ? "ready" : "unready"}"`;
    return `<div><dt>${escapeHtml(name)}</dt><dd${mark}>${escapeHtml(value)}</dd></div>`;
  });
  const body = [
    '<header><div class="wrap">',
    `<h1 class="name">${MARK}Keyhold <span class="version">${escapeHtml(version)}</span></h1>`,
    `<p class="lead">${escapeHtml(sentence)}</p>`,
    `<p class="promise">${escapeHtml(promise)}</p>`,
    `<dl class="state">${shown.join("")}</dl>`,
    `<nav aria-label="This server"><ul>${links.map(linkHtml).join("")}</ul></nav>`,
    '</div></header>\n<main class="wrap">',
    "<h2>In a terminal</h2>",
    ...notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
    ...chapters.map(chapterHtml),
    "</main>",
  ];
  return htmlPage({ title: "Keyhold", body: body.join("\n"), style: STYLE });
}

function linkHtml({ path, name, says }: Link): string {
  return `<li><a href="${escapeHtml(path)}"><strong>${escapeHtml(name)}</strong> <span>${escapeHtml(says)}</span></a></li>`;
}

function chapterHtml({ title, lines }: FrontPage["chapters"][number]): string {
  const code = lines.map((line) => `<code>${escapeHtml(line)}\n</code>`);
  return `<section><h3>${escapeHtml(title)}</h3><pre>${code.join("")}</pre></section>`;
}
