// What is exchanged in Swagger UI: descriptions are elements and not HTML as text, and what stands outside its landmarks and
// headings is given them, and so are choices without a label.
import { type MakeElement, renderMarkdown } from "./markdown.ts";

interface System {
  readonly React: { readonly createElement: MakeElement };
}

type Properties = Readonly<Record<string, unknown>>;
type Component = (properties: Properties) => unknown;

export function markdownPlugin({ React }: System) {
  const Markdown: Component = ({ source }) =>
    typeof source === "string" && source !== "" ? renderMarkdown(source, React.createElement) : null;
  return { components: { Markdown } };
}

export function landmarksPlugin({ React: { createElement } }: System) {
  return {
    wrapComponents: {
      InfoContainer: (Original: Component) => (properties: Properties) =>
        createElement("section", { "aria-label": "About this interface" }, createElement(Original, properties)),
      // In its row, which names the parameter.
      Select: (Original: Component) => (properties: Properties) =>
        createElement(
          "label",
          null,
          createElement("span", { className: "unseen" }, "Value"),
          createElement(Original, properties),
        ),
      FilterContainer: (Original: Component) => (properties: Properties) =>
        createElement(
          "section",
          { "aria-label": "Filter" },
          createElement("h2", { className: "unseen" }, "Operations"),
          createElement(Original, properties),
        ),
    },
  };
}
