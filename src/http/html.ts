// The frame of the few pages that the server writes itself: no script, one style sheet within, light and dark.
const STYLE = `:root{color-scheme:light dark}body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.25rem}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem}h1 code{font-size:1.3rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}code,pre{font:14px/1.6 ui-monospace,monospace}
pre{background:light-dark(#f3f4f6,#1d2127);border:1px solid light-dark(#d9dce1,#333a44);border-radius:8px;padding:.75rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere}
a{color:light-dark(#0b57d0,#8ab4f8)}p{margin:.5rem 0}`;

/** Fields of an answer with such a page: nothing but its own style is loaded or run. */
export const HTML_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
} as const;

/** @param body - HTML, already escaped */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>${escapeHtml(title)}</title>\n<style>${STYLE}</style>\n${body}\n</html>\n`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
