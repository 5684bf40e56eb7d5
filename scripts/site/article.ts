// A page of Markdown as HTML: headings that can be linked to, tables that scroll by themselves, blocks of code with a place for
// the button that copies them. HTML within Markdown is shown as text, but for comments, which are left out, and <br>.
import { Marked, type Tokens } from "marked";
import { Anchors } from "./anchors.ts";
import { escapeHtml } from "./escape.ts";
import { highlight } from "./highlight.ts";
import { type LinkBook, resolveLink } from "./links.ts";

export interface Heading {
  readonly depth: number;
  readonly anchor: string;
  /** As HTML without links. */
  readonly html: string;
}

/** A chapter as a search finds it. */
export interface Passage {
  readonly anchor: string;
  readonly title: string;
  readonly text: string;
}

export interface Article {
  readonly html: string;
  readonly title: string;
  readonly headings: readonly Heading[];
  readonly passages: readonly Passage[];
}

/** @param source - from the project's root */
export function renderArticle(book: LinkBook, source: string, markdown: string): Article {
  const anchors = new Anchors();
  const headings: Heading[] = [];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading): string {
        const anchor = anchors.name(text);
        const html = this.parser.parseInline(tokens);
        headings.push({ depth, anchor, html: html.replaceAll(/<\/?a\b[^>]*>/g, "") });
        if (depth === 1) return `<h1 id="${anchor}">${html}</h1>\n`;
        const label = escapeHtml(`Link to “${plainText(html)}”`);
        return `<h${depth} id="${anchor}">${html}<a class="anchor" href="#${anchor}" aria-label="${label}">#</a></h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link): string {
        const text = this.parser.parseInline(tokens);
        const target = resolveLink(book, source, href);
        return target === null ? text : `<a href="${escapeHtml(target)}">${text}</a>`;
      },
      image({ href, text }: Tokens.Image): string {
        const target = resolveLink(book, source, href);
        return `<img src="${escapeHtml(target ?? href)}" alt="${escapeHtml(text)}" loading="lazy">`;
      },
      code({ text, lang = "" }: Tokens.Code): string {
        return codeBlock(text, lang.split(" ")[0] ?? "");
      },
      html({ text }: Tokens.HTML | Tokens.Tag): string {
        if (text.startsWith("<!--")) return "";
        return /^<br ?\/?>$/.test(text) ? "<br>" : escapeHtml(text);
      },
    },
  });
  const html = asTables(marked.parse(markdown, { async: false }));
  const title = plainText(headings.find(({ depth }) => depth === 1)?.html ?? source);
  return { html, title, headings, passages: passagesOf(html, title) };
}

function codeBlock(text: string, language: string): string {
  const isOutput = language === "text" || language === "";
  const label = isOutput ? "Output" : `Code, ${language}`;
  const code = `<pre tabindex="0" aria-label="${label}"><code>${highlight(text, language)}</code></pre>`;
  return `<div class="block ${isOutput ? "output" : "code"}" data-language="${escapeHtml(language)}">${code}</div>\n`;
}

/** Wide tables scroll, and the page does not. */
function asTables(html: string): string {
  return html
    .replaceAll("<table>", '<div class="table" tabindex="0" role="group" aria-label="Table"><table>')
    .replaceAll("</table>", "</table></div>")
    .replaceAll(/<th([^>]*)><\/th>/g, "<td$1></td>");
}

/** Of each chapter of the first three levels, its text. */
function passagesOf(html: string, title: string): readonly Passage[] {
  return html
    .split(/(?=<h[123] id=)/)
    .map((part) => {
      const [, anchor = "", heading = ""] = /^<h[123] id="([^"]*)">([\s\S]*?)<\/h[123]>/.exec(part) ?? [];
      const text = plainText(part.replace(/^<h[123][\s\S]*?<\/h[123]>/, ""));
      return { anchor, title: plainText(heading.replace(/<a class="anchor"[\s\S]*$/, "")) || title, text };
    })
    .filter(({ text, anchor }) => text !== "" || anchor !== "");
}

function plainText(html: string): string {
  return html
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .trim();
}
