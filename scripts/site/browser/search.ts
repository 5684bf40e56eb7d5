// The search of the site: a dialog with a field and what was found, by an index that came with the page. Nothing leaves the
// browser.
import MiniSearch from "minisearch";
import { SEARCH_OPTIONS } from "../search-options.ts";

declare global {
  var keyholdSearchIndex: string;
}

const RESULTS_MAX = 12;
const root = document.querySelector<HTMLScriptElement>("script[data-search]")?.dataset["search"] ?? "";
const index = MiniSearch.loadJSON(globalThis.keyholdSearchIndex, SEARCH_OPTIONS);
const { dialog, field, list, note } = makeDialog();

field.addEventListener("input", showResults);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter") list.querySelector<HTMLAnchorElement>("a")?.click();
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  list.querySelector<HTMLAnchorElement>("a")?.focus();
});
list.addEventListener("keydown", (event) => {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const links = [...list.querySelectorAll("a")];
  const at = links.findIndex((link) => link.matches(":focus")) + step;
  (links[at] ?? field).focus();
});
list.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
document.addEventListener("keyhold-search", open);
open();

function open(): void {
  if (!dialog.open) dialog.showModal();
  field.select();
}

function showResults(): void {
  const asked = field.value.trim();
  const found = asked === "" ? [] : index.search(asked);
  list.replaceChildren(
    ...found.slice(0, RESULTS_MAX).map((result) => {
      const link = document.createElement("a");
      link.href = `${root}${result.id}`;
      const [title, page, excerpt] = ["strong", "small", "span"].map((name) => document.createElement(name));
      if (title !== undefined) title.textContent = `${result["title"]}`;
      if (page !== undefined) page.textContent = `${result["page"]}`;
      if (excerpt !== undefined) excerpt.textContent = `${result["excerpt"]}`;
      link.append(...[title, page, excerpt].filter((element) => element !== undefined));
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  note.textContent = asked === "" ? "" : summaryOf(found.length);
}

function summaryOf(found: number): string {
  if (found === 0) return "Nothing was found";
  return found > RESULTS_MAX ? `The best ${RESULTS_MAX} of ${found}` : `${found} found`;
}

function makeDialog() {
  const dialog = document.createElement("dialog");
  dialog.className = "finder";
  dialog.setAttribute("aria-label", "Search");
  const field = document.createElement("input");
  field.type = "text";
  field.autocomplete = "off";
  field.placeholder = "Search the documentation";
  field.setAttribute("aria-label", "Search the documentation");
  const note = document.createElement("p");
  note.setAttribute("role", "status");
  const list = document.createElement("ul");
  dialog.append(field, note, list);
  document.body.append(dialog);
  return { dialog, field, list, note };
}
