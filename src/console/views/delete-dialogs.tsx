// Deleting many. What is marked can be undone; all that the list shows cannot, and asks for more than a press of a button.
import { useSignal } from "@preact/signals";
import { ask, query } from "../model/ask.ts";
import { HELD_KEYS } from "../model/removals.ts";
import { selecting } from "../model/selection.ts";
import { countWords, plural } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { Modal } from "../parts/modal.tsx";

const NAMED = 6;

export function DeleteMarkedDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const keys = [...app.list.marked.peek()];
  const isTooMany = keys.length > HELD_KEYS;
  const named = keys.slice(0, 20).map((key) => `key=${encodeURIComponent(key)}`);
  const remove = () => {
    onClose();
    void app.remove(keys);
  };
  return (
    <Modal title={`Delete ${plural(keys.length, "key")}?`} onClose={onClose}>
      <ul class="named">
        {keys.slice(0, NAMED).map((key) => (
          <li key={key}>
            <code>{key}</code>
          </li>
        ))}
        {keys.length > NAMED ? <li>and {countWords(keys.length - NAMED)} more</li> : null}
      </ul>
      <p>
        {isTooMany
          ? `At most ${countWords(HELD_KEYS)} keys can be deleted so that it can be undone: mark fewer.`
          : "They are deleted at once. For 20 seconds it can be undone, with values, types and ends as they were."}
      </p>
      <CurlLine request={ask("DELETE", `/keys?${named.join("&")}`)} />
      {keys.length > named.length ? <p class="quiet-text">The line names the first {named.length}.</p> : null}
      <div class="row end">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger solid" data-first disabled={isTooMany} onClick={remove}>
          Delete
        </button>
      </div>
    </Modal>
  );
}

export function DeleteListDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const typed = useSignal("");
  const total = app.list.total.value;
  const selection = app.list.selection;
  const request = ask("DELETE", `/keys${query(selecting(selection))}`);
  const isConfirmed = total !== null && typed.value.replaceAll(/\D/g, "") === String(total);
  const remove = async () => {
    const isDone = await app.attempt(() => app.requests.act("Delete all of a list", request));
    if (!isDone) return;
    onClose();
    app.notices.tell("Deleted");
    await app.reload();
  };
  return (
    <Modal title={`Delete all ${total === null ? "of these keys" : plural(total, "key")}?`} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isConfirmed) void remove();
        }}
      >
        <p>
          Every key of this list is deleted, those further down as well. <strong>This cannot be undone.</strong> An
          export (Transfer) makes it possible to put them back.
        </p>
        <label class="field">
          <span>Type the number of keys, {countWords(total ?? 0)}, to go on</span>
          <input
            type="text"
            data-first
            inputMode="numeric"
            autocomplete="off"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <CurlLine request={request} />
        <div class="row end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button danger solid" disabled={!isConfirmed}>
            Delete all
          </button>
        </div>
      </form>
    </Modal>
  );
}
