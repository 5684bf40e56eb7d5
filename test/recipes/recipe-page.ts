// A page of docs/recipes as its parts. The rule, which docs/recipes/README.md tells its readers: every ```sh block is run; a
// ```text block directly below one is what it printed; any other block is a copy of the file that the line above it links
// to. There is no fourth kind, so nothing on a page can look as if it had been run.

export type Part = Prose | Step | Copy;

export interface Prose {
  readonly is: "prose";
  readonly text: string;
}

/** Texts of blocks end with their last line break; "" for an output is no block at all. */
export interface Step {
  readonly is: "step";
  readonly script: string;
  readonly output: string;
}

export interface Copy {
  readonly is: "copy";
  readonly language: string;
  /** As the page links to it. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block; one that is run, with its output. */
const BLOCK = /^```(?:sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?|([a-z]+)\n([\s\S]*?)^```\n)/gm;
const LINKED_FILE = /\]\(([^)\s]+)\)[^\n]*\n\n$/;
/** What Markdown shows as code, but for code within a line. */
const STRAY_CODE = /^(?:\s*(?:```|~~~)| {4}|\t).*$/m;

/** @throws Error on a block that is neither run, nor printed, nor a copy */
export function parsePage(page: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { index, 0: block, 1: script, 2: output = "", 3: language = "", 4: text = "" } of page.matchAll(BLOCK)) {
    const prose = page.slice(end, index);
    parts.push(makeProse(prose));
    parts.push(script !== undefined ? { is: "step", script, output } : makeCopy(prose, { language, text }));
    end = index + block.length;
  }
  return [...parts, makeProse(page.slice(end))];
}

export function renderPage(parts: readonly Part[]): string {
  return parts.map(renderPart).join("");
}

function renderPart(part: Part): string {
  switch (part.is) {
    case "prose":
      return part.text;
    case "step":
      return renderBlock("sh", part.script) + (part.output === "" ? "" : `\n${renderBlock("text", part.output)}`);
    case "copy":
      return renderBlock(part.language, part.text);
    default:
      return part satisfies never;
  }
}

function renderBlock(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\`\`\`\n`;
}

function makeProse(text: string): Prose {
  const stray = STRAY_CODE.exec(text);
  if (stray !== null)
    throw new Error(`A block is neither run, nor printed, nor a copy, from this line on: ${stray[0]}`);
  return { is: "prose", text };
}

function makeCopy(prose: string, block: Pick<Copy, "language" | "text">): Copy {
  const path = LINKED_FILE.exec(prose)?.[1];
  if (path !== undefined && block.language !== "text") return { is: "copy", path, ...block };
  throw new Error(`A block is neither run, nor printed, nor a copy of a file linked above it: ${block.text}`);
}
