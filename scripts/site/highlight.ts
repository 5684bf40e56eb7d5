// Colours in blocks of code: comments, texts and numbers, found by one pattern a language. No parser of languages: what is not
// found stays as it is, and nothing of a block is ever left out.
import { escapeHtml } from "./escape.ts";

const STRINGS = String.raw`"(?:\\.|[^"\\\n])*"|'[^'\n]*'`;
const HASH_COMMENTS = String.raw`(?<=^|\s)#[^\n]*`;
const SLASH_COMMENTS = String.raw`(?<=^|\s)\/\/[^\n]*`;
const NUMBERS = String.raw`(?<![\w.:/-])\d+(?:\.\d+)?(?![\w.:/-])`;
const OPTIONS = String.raw`(?<=\s)--?[A-Za-z][\w-]*`;

const COMMENTS: Readonly<Record<string, string>> = {
  sh: HASH_COMMENTS,
  bash: HASH_COMMENTS,
  python: HASH_COMMENTS,
  toml: HASH_COMMENTS,
  yaml: HASH_COMMENTS,
  js: SLASH_COMMENTS,
  ts: SLASH_COMMENTS,
  javascript: SLASH_COMMENTS,
  typescript: SLASH_COMMENTS,
  go: SLASH_COMMENTS,
  json: "$^",
};

/** As HTML; escaped alone where the language is not known, or is plain text. */
export function highlight(code: string, language: string): string {
  const comments = COMMENTS[language];
  if (comments === undefined) return escapeHtml(code);
  const words = language === "sh" || language === "bash" ? OPTIONS : "$^";
  const pattern = new RegExp(`(${STRINGS})|(${comments})|(${words})|(${NUMBERS})`, "gm");
  let html = "";
  let end = 0;
  for (const { index, 0: all, 1: string, 2: comment, 3: word } of code.matchAll(pattern)) {
    if (all === "") continue;
    const kind = string !== undefined ? "s" : comment !== undefined ? "c" : word !== undefined ? "o" : "n";
    html += `${escapeHtml(code.slice(end, index))}<span class="t-${kind}">${escapeHtml(all)}</span>`;
    end = index + all.length;
  }
  return html + escapeHtml(code.slice(end));
}
