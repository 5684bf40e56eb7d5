// The frame of the pages that the server writes itself, without a build: no script, one style sheet within, light and dark.
import { createHash } from "node:crypto";
import { FIELD } from "../wire/headers.ts";

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.25rem;background:light-dark(#fbfcfb,#15191a);color:light-dark(#1f2a26,#e2e7e5)}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem}h1 code{font-size:1.3rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}code,pre{font:14px/1.6 ui-monospace,monospace}
pre{background:light-dark(#eff3f1,#1e2426);border:1px solid light-dark(#d5ddd9,#333c3f);border-radius:8px;padding:.75rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere}
a{color:light-dark(#0b6b5c,#57cbb4)}p{margin:.5rem 0}`;

/** The mark of Keyhold: a keyhole, on 24 units. The console and the reference have the same in files of their own. */
export const MARK_SHAPES =
  '<rect width="24" height="24" rx="7" fill="#0b6b5c"/><path fill="#fff" d="M12 5.5a4.2 4.2 0 0 0-2.1 7.84L8.8 18.5h6.4l-1.1-5.16A4.2 4.2 0 0 0 12 5.5Z"/>';

/** The mark as the icon of a page. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${MARK_SHAPES}</svg>`,
)}`;

export interface HtmlPage {
  readonly title: string;
  /** HTML, already escaped. */
  readonly body: string;
  /** One sheet, in which nothing comes from a request. */
  readonly style?: string;
}

/** Fields of an answer with such a page: nothing is run, and no style counts but its own, which is named by its digest. */
export function htmlHeaders(style: string = STYLE): Readonly<Record<string, string>> {
  const digest = createHash("sha256").update(style).digest("base64");
  return {
    [FIELD.contentSecurityPolicy]: `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    [FIELD.contentTypeOptions]: "nosniff",
  };
}

/** Of a page without a style of its own. */
export const HTML_HEADERS = htmlHeaders();

export function htmlPage({ title, body, style = STYLE }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
