// The Markdown of the document as elements: paragraphs, lists, blocks of code; within them code and strong words. Swagger UI's own
// goes by way of HTML as text, which the page's policy does not take (Trusted Types).

/** Makes an element, as React does: of HTML by its name, or of a component. */
export type MakeElement = (
  type: string | ((properties: Readonly<Record<string, unknown>>) => unknown),
  properties: Readonly<Record<string, unknown>> | null,
  ...children: readonly unknown[]
) => unknown;

/** A fence opens or ends a block of code; what stands in it is taken as it is. */
const FENCE = /^```/;
const ITEM = /^- /;

interface Block {
  readonly kind: "paragraph" | "list" | "code";
  readonly lines: readonly string[];
}

export function renderMarkdown(source: string, make: MakeElement): unknown {
  const blocks = blocksOf(source).map((block, index) => renderBlock(block, index, make));
  return make("div", { className: "markdown" }, ...blocks);
}

function blocksOf(source: string): readonly Block[] {
  const blocks: { readonly kind: Block["kind"]; readonly lines: string[] }[] = [];
  let isCode = false;
  let isNew = true;
  for (const line of source.split("\n")) {
    const isFence = FENCE.test(line);
    if (isFence) isCode = !isCode;
    const kind = isCode ? "code" : ITEM.test(line) ? "list" : "paragraph";
    const last = blocks.at(-1);
    if (isFence || (line.trim() === "" && !isCode)) isNew = true;
    else if (isNew || last === undefined || (kind === "list" && last.kind === "paragraph")) {
      blocks.push({ kind, lines: [line] });
      isNew = false;
    } else if (kind === "paragraph" && last.kind === "list") {
      // The rest of an item.
      last.lines.push(`${last.lines.pop() ?? ""} ${line.trim()}`);
    } else last.lines.push(line);
  }
  return blocks;
}

function renderBlock({ kind, lines }: Block, key: number, make: MakeElement): unknown {
  switch (kind) {
    case "code":
      return make("pre", { key, tabIndex: 0 }, make("code", null, lines.join("\n")));
    case "list":
      return make(
        "ul",
        { key },
        ...lines.map((line, index) => make("li", { key: index }, ...inline(line.replace(ITEM, ""), make))),
      );
    case "paragraph":
      return make("p", { key }, ...inline(lines.join(" "), make));
    default:
      return kind satisfies never;
  }
}

/** Between backquotes code, between double stars strong words; and the one tag that Swagger UI itself writes. */
function inline(text: string, make: MakeElement): readonly unknown[] {
  return text.split(/(`[^`]+`|\*\*.+?\*\*|<i>[^<]*<\/i>)/).map((part, key) => {
    if (part.startsWith("`") && part.length > 2) return make("code", { key }, part.slice(1, -1));
    if (part.startsWith("<i>")) return make("em", { key }, part.slice(3, -4));
    if (part.startsWith("**") && part.length > 4) return make("strong", { key }, ...inline(part.slice(2, -2), make));
    return part;
  });
}
