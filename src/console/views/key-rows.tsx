// The list of keys: one row a key, of which only those on the screen are drawn.
import type { RowDetail } from "../model/key-reader.ts";
import { isWhole } from "../model/selection.ts";
import { shortType } from "../model/value-kind.ts";
import { sizeWords, spanWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { Empty, FaultBox } from "../parts/fault-box.tsx";
import { VirtualRows } from "./virtual-rows.tsx";

export const ROW_HEIGHT = 48;
export const ROWS_ID = "rows";

export function KeyRows() {
  const app = useApp();
  const { list } = app;
  const state = list.state.value;
  const { prefix, filter } = app.places.place.value;
  const version = list.version.value;
  if (state.kind === "failed") return <FaultBox fault={state.fault} onRetry={() => void app.reload()} />;
  if (state.kind === "loading") return <div class="rows" aria-busy="true" />;
  if (list.length === 0) return list.isWhole ? <NoKeys /> : <Empty icon="search" title="Searching…" />;
  const active = app.active.value;
  const activeIndex = active === null ? null : list.indexOf(active);
  return (
    <VirtualRows
      count={list.length}
      rowHeight={ROW_HEIGHT}
      shown={activeIndex}
      version={version}
      identity={`${prefix}\n${filter}`}
      onRange={(from, to) => list.show(from, to)}
      draw={(from, to) =>
        list
          .names(from, to)
          .map((name, offset) => (
            <KeyRow
              key={name ?? from + offset}
              name={name}
              index={from + offset}
              detail={name === null ? null : list.detail(name)}
            />
          ))
      }
      attributes={{
        id: ROWS_ID,
        class: "rows",
        role: "listbox",
        tabIndex: 0,
        "aria-label": "Keys",
        "aria-multiselectable": true,
        "aria-activedescendant": activeIndex === null ? undefined : rowId(activeIndex),
      }}
    />
  );
}

function rowId(index: number): string {
  return `row-${index}`;
}

interface KeyRowProps {
  /** Null for one that is being read. */
  readonly name: string | null;
  readonly index: number;
  readonly detail: RowDetail | null;
}

function KeyRow({ name, index, detail }: KeyRowProps) {
  const app = useApp();
  if (name === null) {
    return (
      <div
        class="key-row waiting"
        role="option"
        tabIndex={-1}
        aria-selected={false}
        aria-label="Is being read"
        id={rowId(index)}
      >
        <span class="bone" />
      </div>
    );
  }
  const isMarked = app.list.marked.value.has(name);
  const isOpen = app.places.place.value.key === name;
  const press = (event: MouseEvent) => {
    const isOnMark = event.target instanceof Element && event.target.closest(".mark-box") !== null;
    app.active.value = name;
    if (event.shiftKey) markRange(index);
    else if (isOnMark || event.ctrlKey || event.metaKey) {
      app.list.toggle(name);
    } else app.go({ key: name });
  };
  const markRange = (to: number) => {
    const marked = app.list.marked.peek();
    const anchor = [...marked].map((key) => app.list.indexOf(key)).findLast((place) => place !== null) ?? to;
    const between = app.list.names(Math.min(anchor, to), Math.max(anchor, to) + 1);
    app.list.mark([...marked, ...between.filter((key) => key !== null)]);
  };
  return (
    // Keys reach it through the list, which has the focus.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keyboard for all of its options
    <div
      class="key-row"
      role="option"
      tabIndex={-1}
      id={rowId(index)}
      aria-selected={isMarked}
      aria-posinset={index + 1}
      aria-setsize={app.list.isWhole ? app.list.length : -1}
      aria-current={isOpen ? "true" : undefined}
      data-active={app.active.value === name}
      onClick={press}
    >
      <span class="mark-box" aria-hidden="true" title="Mark (x)" />
      <span class="key-name">{name}</span>
      <RowFacts detail={detail} />
    </div>
  );
}

function RowFacts({ detail }: { readonly detail: RowDetail | null }) {
  const app = useApp();
  if (detail === null) return <span class="key-preview">&nbsp;</span>;
  const { contentType, bytes, expiresAt, preview } = detail;
  return (
    <>
      {expiresAt === null ? null : <span class="key-ttl">{spanWords(expiresAt - app.clock.value)}</span>}
      <span class="key-preview">
        <span class="key-type">{shortType(contentType)}</span>
        {preview === null || preview === "" ? null : preview}
      </span>
      <span class="key-size">{sizeWords(bytes)}</span>
    </>
  );
}

function NoKeys() {
  const app = useApp();
  const selection = app.places.place.value;
  const create = (
    <button
      type="button"
      class="button main"
      onClick={() => {
        app.dialog.value = "create";
      }}
    >
      Create a key
    </button>
  );
  if (isWhole(selection)) {
    return (
      <Empty icon="key" title="No keys yet">
        <p>Whatever is put into this store shows up here by itself.</p>
        {create}
      </Empty>
    );
  }
  return (
    <Empty icon="search" title="No key is like that">
      <p>Plain text finds keys that contain it. With *, ? or $ it is a pattern for the whole key.</p>
      <button type="button" class="button" onClick={() => app.go({ filter: "", prefix: "" })}>
        Show all keys
      </button>
    </Empty>
  );
}
