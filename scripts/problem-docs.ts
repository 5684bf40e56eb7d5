// The pages of docs/problems/, made from the table that the server answers /-/problems/<code> from, so that both say the
// same.
import { ERRORS, type ErrorCode } from "../src/core/errors.ts";
import { EXAMPLE_ORIGIN } from "../src/http/example-origin.ts";
import { STATUS } from "../src/http/problem.ts";
import { isErrorCode, problemMarkdown } from "../src/http/problem-text.ts";

const SOURCE = "<!-- Generated from src/http/problem-pages.ts by scripts/generate.ts. Change it there. -->";

const INDEX_HEAD = `${SOURCE}

# Problems

Every error that Keyhold answers is a document of the type \`application/problem+json\` (RFC 9457) with a \`code\`, which
never changes its meaning. Each code has a page here, and the same page on every server at \`/-/problems/<code>\`.
`;

export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ERRORS).filter(isErrorCode);

/** docs/problems/README.md */
export function renderProblemIndex(): string {
  const codes = ERROR_CODES.toSorted((a, b) => STATUS[a] - STATUS[b]);
  const rows = codes.map((code) => `| ${STATUS[code]} | [${code}](${code}.md) | ${ERRORS[code].title} |`);
  return [INDEX_HEAD, ["| Status | Code | What it says |", "|---|---|---|", ...rows, ""].join("\n")].join("\n");
}

/** docs/problems/<code>.md */
export function renderProblem(code: ErrorCode): string {
  return `${SOURCE}\n\n${problemMarkdown(code, EXAMPLE_ORIGIN)}`;
}
