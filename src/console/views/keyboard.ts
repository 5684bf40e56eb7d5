// The keys of the keyboard that do something wherever one is, but for fields and dialogs. The sheet behind `?` is made from
// the same table.
import { isDesktop } from "../browser.ts";
import type { ConsoleApp } from "../model/console-app.ts";
import { VIEWS } from "../model/place.ts";
import { ROW_HEIGHT, ROWS_ID } from "./key-rows.tsx";
import { FILTER_ID } from "./list-head.tsx";

export interface Shortcut {
  readonly keys: readonly string[];
  readonly does: string;
}

export const SHORTCUTS: Readonly<Record<string, readonly Shortcut[]>> = {
  "In the list": [
    { keys: ["/"], does: "Filter" },
    { keys: ["j", "↓"], does: "Next key" },
    { keys: ["k", "↑"], does: "Previous key" },
    { keys: ["Home", "End"], does: "First, last key" },
    { keys: ["PgUp", "PgDn"], does: "A screen up, down" },
    { keys: ["Enter"], does: "Open" },
    { keys: ["x", "Space"], does: "Mark" },
    { keys: ["n"], does: "New key" },
    { keys: ["d"], does: "Delete what is marked, or open" },
    { keys: ["r"], does: "Read everything anew" },
  ],
  "With an entry": [
    { keys: ["e"], does: "Edit" },
    { keys: ["Ctrl S"], does: "Save" },
    { keys: ["t"], does: "When it ends" },
    { keys: ["Esc"], does: "Back: stop editing, close, take marks away" },
  ],
  Everywhere: [
    { keys: ["u"], does: "Undo the last deletion" },
    { keys: ["c"], does: "Requests so far, as curl" },
    { keys: ["1", "–", "5"], does: "Views" },
    { keys: ["?"], does: "This sheet" },
  ],
};

export function listenToKeys(app: ConsoleApp): () => void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || app.session.access.peek().kind !== "in") return;
    if (isSave(event)) {
      event.preventDefault();
      void saveDraft(app);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null) return;
    if (isField(event.target)) {
      if (event.key === "Escape") leaveField(app, event.target);
      else if (event.key === "ArrowDown" && event.target instanceof Element && event.target.id === FILTER_ID)
        focusRows();
      return;
    }
    if (run(app, event)) event.preventDefault();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

/** @returns whether the key does something here */
function run(app: ConsoleApp, event: KeyboardEvent): boolean {
  const { key } = event;
  const view = VIEWS[Number(key) - 1];
  if (view !== undefined) app.go({ view });
  else if (key === "?") app.dialog.value = "shortcuts";
  else if (key === "c") app.dialog.value = "requests";
  else if (key === "u") app.notices.undoLatest();
  else return app.places.place.peek().view === "keys" && (runInList(app, event) || runWithEntry(app, key));
  return true;
}

function runInList(app: ConsoleApp, event: KeyboardEvent): boolean {
  const { key, target } = event;
  const isOnControl = target instanceof Element && target.closest("button, a, [role=treeitem]") !== null;
  const rows = Math.max(1, Math.floor((document.getElementById(ROWS_ID)?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
  if (key === "/") document.getElementById(FILTER_ID)?.focus();
  else if (key === "j" || key === "ArrowDown") step(app, 1);
  else if (key === "k" || key === "ArrowUp") step(app, -1);
  else if (key === "PageDown") step(app, rows);
  else if (key === "PageUp") step(app, -rows);
  else if (key === "Home") step(app, Number.NEGATIVE_INFINITY);
  else if (key === "End") step(app, Number.POSITIVE_INFINITY);
  else if (key === "Enter" && !isOnControl) openActive(app);
  else if (key === "x" || (key === " " && !isOnControl)) markActive(app);
  else if (key === "n") app.dialog.value = "create";
  else if (key === "r") void app.reload();
  else return false;
  return true;
}

function runWithEntry(app: ConsoleApp, key: string): boolean {
  const isOpen = app.opened.opened.peek().kind === "entry";
  if (key === "d") removeChosen(app);
  else if (key === "Escape") back(app);
  else if (key === "e" && isOpen) app.opened.edit();
  else if (key === "t" && isOpen) app.dialog.value = "end";
  else return false;
  return true;
}

/** To another row. What is open follows, on screens where both are in sight. */
function step(app: ConsoleApp, rows: number): void {
  const { list, active } = app;
  if (list.length === 0) return;
  const at = active.peek() === null ? null : list.indexOf(active.peek() ?? "");
  const from = at ?? (rows > 0 ? -1 : 0);
  const index = Math.max(0, Math.min(list.length - 1, from + rows));
  list.show(Math.max(0, index - 30), index + 30);
  const [name = null] = list.names(index, index + 1);
  focusRows();
  if (name === null) {
    void goWhenRead(app, index);
    return;
  }
  active.value = name;
  if (app.places.place.peek().key !== null && isDesktop() && !app.opened.isDirty.peek()) app.go({ key: name }, false);
}

/** A row far away is read before it can be gone to. */
async function goWhenRead(app: ConsoleApp, index: number): Promise<void> {
  const name = await app.list.nameAt(index);
  if (name !== null) app.active.value = name;
}

function focusRows(): void {
  document.getElementById(ROWS_ID)?.focus({ preventScroll: true });
}

function openActive(app: ConsoleApp): void {
  const key = app.active.peek();
  if (key !== null) app.go({ key });
}

function markActive(app: ConsoleApp): void {
  const key = app.active.peek();
  if (key !== null) app.list.toggle(key);
}

function removeChosen(app: ConsoleApp): void {
  const key = app.places.place.peek().key ?? app.active.peek();
  if (app.list.marked.peek().size > 0) app.dialog.value = "delete-marked";
  else if (key !== null) void app.remove([key]);
}

function back(app: ConsoleApp): void {
  if (app.opened.draft.peek() !== null) app.leaving(() => app.opened.discard());
  else if (app.places.place.peek().key !== null) {
    app.go({ key: null });
    focusRows();
  } else if (app.list.marked.peek().size > 0) app.list.mark([]);
  else app.go({ filter: "" });
}

function leaveField(app: ConsoleApp, field: EventTarget | null): void {
  if (!(field instanceof HTMLElement)) return;
  if (field.id === FILTER_ID) focusRows();
  else if (app.opened.draft.peek() !== null) app.leaving(() => app.opened.discard());
}

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select") !== null;
}

function isSave(event: KeyboardEvent): boolean {
  return event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
}

export async function saveDraft(app: ConsoleApp): Promise<void> {
  if (app.opened.draft.peek() === null || app.opened.isSaving.peek()) return;
  await app.attempt(async () => {
    if (await app.opened.save()) app.notices.tell("Saved");
  });
}
