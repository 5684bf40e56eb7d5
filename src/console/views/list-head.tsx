// Above the list: where one is, the filter, how many keys there are, and a new one.
import { useEffect, useRef } from "preact/hooks";
import { after } from "../browser.ts";
import { trailOf } from "../model/prefix-tree.ts";
import { listAsk, patternOf } from "../model/selection.ts";
import { plural } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CopyButton } from "../parts/curl.tsx";
import { Icon } from "../parts/icon.tsx";

const TYPING_MS = 120;
export const FILTER_ID = "filter";

export function ListHead({ isTreeShown, onTree }: { readonly isTreeShown: boolean; readonly onTree: () => void }) {
  const app = useApp();
  const { prefix, filter } = app.places.place.value;
  return (
    <header class="list-head">
      <div class="row">
        <button type="button" class="button quiet narrow-only" aria-expanded={isTreeShown} onClick={onTree}>
          <Icon name="folder" /> Folders
        </button>
        <Trail prefix={prefix} />
        <button
          type="button"
          class="button main"
          title="New key (n)"
          onClick={() => {
            app.dialog.value = "create";
          }}
        >
          <Icon name="plus" /> New
        </button>
      </div>
      <FilterField key={prefix} filter={filter} />
      <ListCount />
    </header>
  );
}

/** The folders that lead here, each a way back. */
function Trail({ prefix }: { readonly prefix: string }) {
  const app = useApp();
  const trail = trailOf(prefix, app.folders.delimiters);
  const go = (to: string) => app.go({ prefix: to, filter: "" });
  return (
    <nav class="trail" aria-label="Folder">
      <button type="button" class="crumb" aria-current={prefix === "" ? "location" : undefined} onClick={() => go("")}>
        All keys
      </button>
      {trail.map((folder) => (
        <button
          type="button"
          key={folder.prefix}
          class="crumb"
          aria-current={folder.prefix === prefix ? "location" : undefined}
          onClick={() => go(folder.prefix)}
        >
          {folder.label}
        </button>
      ))}
    </nav>
  );
}

function FilterField({ filter }: { readonly filter: string }) {
  const app = useApp();
  const field = useRef<HTMLInputElement>(null);
  const typing = useRef<() => void>(() => {});
  useEffect(() => {
    const { current } = field;
    if (current !== null && document.activeElement !== current) current.value = filter;
  }, [filter]);
  const type = (text: string) => {
    typing.current();
    typing.current = after(TYPING_MS, () => app.go({ filter: text }, false));
  };
  return (
    <label class="filter">
      <Icon name="search" />
      <span class="offscreen">Filter keys</span>
      <input
        ref={field}
        id={FILTER_ID}
        type="search"
        placeholder="Filter, such as alice or user:*:name"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        defaultValue={filter}
        onInput={(event) => type(event.currentTarget.value)}
      />
      <kbd class="wide-only">/</kbd>
    </label>
  );
}

function ListCount() {
  const app = useApp();
  const { prefix, filter } = app.places.place.value;
  const total = app.list.total.value;
  const pattern = patternOf({ prefix, filter });
  return (
    <div class="row list-count">
      <p role="status">
        {total === null ? "Counting…" : plural(total, "key")}
        {pattern === null ? null : (
          <>
            {" like "}
            <code>{pattern}</code>
          </>
        )}
      </p>
      {total !== null && total > 0 && (prefix !== "" || filter !== "") ? (
        <button
          type="button"
          class="link"
          onClick={() => {
            app.dialog.value = "delete-list";
          }}
        >
          Delete these…
        </button>
      ) : null}
      <CopyButton text={app.requests.line(listAsk({ prefix, filter }))} label="Copy this list as curl" />
    </div>
  );
}
