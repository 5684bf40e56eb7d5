// The folders that keys make, as a tree: one step of the Tab key, arrows within.
import type { Delimiters, FolderRow } from "../model/folder-list.ts";
import { countWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { Icon } from "../parts/icon.tsx";

const CHOICES: readonly { readonly value: Delimiters; readonly label: string }[] = [
  { value: "/:", label: "/ and :" },
  { value: "/", label: "/" },
  { value: ":", label: ":" },
];

export function FolderTree({ onChosen }: { readonly onChosen: () => void }) {
  const app = useApp();
  const rows = app.folders.rows.value;
  const { prefix } = app.places.place.value;
  const choose = (to: string) => {
    app.go({ prefix: to, filter: "" });
    onChosen();
  };
  const current = rows.some((row) => row.prefix === prefix) ? prefix : "";
  return (
    <section class="tree" aria-label="Folders">
      <div class="tree-head">
        <h2>Folders</h2>
        <label>
          <span class="offscreen">Folders end with</span>
          <select
            value={app.folders.delimiters}
            onChange={(event) => {
              const chosen = CHOICES.find(({ value }) => value === event.currentTarget.value);
              if (chosen !== undefined) void app.folders.refresh(chosen.value);
            }}
          >
            {CHOICES.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="tree-rows" role="tree" aria-label="Folders" onKeyDown={(event) => walk(event, choose, app.folders)}>
        <TreeRow row={null} isCurrent={current === ""} isTabStop={current === ""} onChoose={choose} />
        {rows.map((row) => (
          <TreeRow
            key={row.prefix}
            row={row}
            isCurrent={row.prefix === prefix}
            isTabStop={row.prefix === current}
            onChoose={choose}
          />
        ))}
      </div>
      {rows.length === 0 ? <p class="tree-none">Keys with / or : in them make folders.</p> : null}
      {app.folders.isCut.value ? <p class="tree-none">Some levels have more folders than are shown.</p> : null}
    </section>
  );
}

interface TreeRowProps {
  /** Null for that of all keys. */
  readonly row: FolderRow | null;
  readonly isCurrent: boolean;
  readonly isTabStop: boolean;
  readonly onChoose: (prefix: string) => void;
}

function TreeRow({ row, isCurrent, isTabStop, onChoose }: TreeRowProps) {
  const app = useApp();
  const prefix = row?.prefix ?? "";
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    void app.folders.toggle(prefix);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keyboard for all of its rows
    <div
      class="tree-row"
      role="treeitem"
      tabIndex={isTabStop ? 0 : -1}
      aria-level={(row?.depth ?? -1) + 2}
      aria-expanded={row?.isOpen}
      aria-selected={isCurrent}
      data-prefix={prefix}
      style={{ paddingLeft: `${((row?.depth ?? -1) + 1) * 14 + 6}px` }}
      onClick={() => onChoose(prefix)}
    >
      {row === null ? (
        <span class="twist">
          <Icon name="key" />
        </span>
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: by keyboard the row itself is opened and closed
        // biome-ignore lint/a11y/useKeyWithClickEvents: as above
        <span class="twist" data-open={row.isOpen} onClick={toggle}>
          <Icon name="chevron" />
        </span>
      )}
      <span class="tree-label">{row?.label ?? "All keys"}</span>
      {row?.count == null ? null : <span class="tree-count">{countWords(row.count)}</span>}
    </div>
  );
}

/** Arrows, as trees have them: up and down, right opens, left closes or goes out. */
function walk(
  event: KeyboardEvent,
  choose: (prefix: string) => void,
  folders: { readonly toggle: (prefix: string) => Promise<void> },
): void {
  const { target } = event;
  if (!(target instanceof HTMLElement) || event.currentTarget === null) return;
  const items = [...(target.parentElement?.querySelectorAll<HTMLElement>("[role=treeitem]") ?? [])];
  const index = items.indexOf(target);
  const prefix = target.dataset["prefix"] ?? "";
  const isOpen = target.getAttribute("aria-expanded") === "true";
  const step = (to: HTMLElement | undefined) => to?.focus();
  if (event.key === "ArrowDown") step(items[index + 1]);
  else if (event.key === "ArrowUp") step(items[index - 1]);
  else if (event.key === "Home") step(items[0]);
  else if (event.key === "End") step(items.at(-1));
  else if (event.key === "ArrowRight" && prefix !== "" && !isOpen) void folders.toggle(prefix);
  else if (event.key === "ArrowLeft" && isOpen) void folders.toggle(prefix);
  else if (event.key === "ArrowLeft") step(outerOf(items, prefix));
  else if (event.key === "Enter" || event.key === " ") choose(prefix);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function outerOf(items: readonly HTMLElement[], prefix: string): HTMLElement | undefined {
  const outer = items.filter((item) => {
    const own = item.dataset["prefix"] ?? "";
    return own !== prefix && prefix.startsWith(own);
  });
  return outer.at(-1);
}
