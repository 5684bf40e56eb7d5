// A problem's page as Markdown for docs/problems/ and terminals, and as HTML for browsers.
import { ERRORS, type ErrorCode } from "../core/errors.ts";
import { EXAMPLE_ORIGIN } from "./example-origin.ts";
import { escapeHtml, htmlPage } from "./html.ts";
import { STATUS } from "./problem.ts";
import { PROBLEM_PAGES, type ProblemPage } from "./problem-pages.ts";

const RETRY_SENTENCES = {
  never: "The same request will fail again until something changes.",
  soon: "Nothing was applied; the same request may be sent again after Retry-After.",
  "after-reading": "Read before you send it again: it may have been applied.",
} as const;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** @param origin - where its curl line points */
export function problemMarkdown(code: ErrorCode, origin: string): string {
  const { means, cure, curl } = pageOf(code, origin);
  const { title, retry } = ERRORS[code];
  return `# ${code}\n\n**${STATUS[code]} ${title}.** ${means}\n\n${cure} ${RETRY_SENTENCES[retry]}\n\n\`\`\`sh\n${curl}\n\`\`\`\n`;
}

/** @param origin - where its curl line points */
export function problemHtml(code: ErrorCode, origin: string): string {
  const { means, cure, curl } = pageOf(code, origin);
  const { title, retry } = ERRORS[code];
  const prose = [means, `${cure} ${RETRY_SENTENCES[retry]}`].map((text) => `<p>${withCode(text)}</p>`).join("\n");
  return htmlPage({
    title: `${code} · Keyhold`,
    body: `<main>\n<h1><code>${code}</code></h1>\n<p><strong>${STATUS[code]} ${escapeHtml(title)}.</strong></p>\n${prose}\n<pre>${escapeHtml(curl)}</pre>\n<p><a href="/">Keyhold</a></p>\n</main>`,
  });
}

function pageOf(code: ErrorCode, origin: string): ProblemPage {
  const page: ProblemPage = PROBLEM_PAGES[code];
  return { ...page, curl: page.curl.replaceAll(EXAMPLE_ORIGIN, origin) };
}

/** Text between backquotes as code. */
function withCode(text: string): string {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? `<code>${escapeHtml(part)}</code>` : escapeHtml(part)))
    .join("");
}
