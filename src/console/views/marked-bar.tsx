// What can be done with the keys that are marked.
import { countWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { Icon } from "../parts/icon.tsx";

export function MarkedBar() {
  const app = useApp();
  const marked = app.list.marked.value;
  if (marked.size === 0) return null;
  return (
    <section class="marked-bar" aria-label="Marked keys">
      <span>
        <strong>{countWords(marked.size)}</strong> marked
      </span>
      <button
        type="button"
        class="button danger"
        title="Delete (d)"
        onClick={() => {
          app.dialog.value = "delete-marked";
        }}
      >
        <Icon name="trash" /> Delete
      </button>
      <button type="button" class="button" title="Take the marks away (Esc)" onClick={() => app.list.mark([])}>
        Clear
      </button>
    </section>
  );
}
