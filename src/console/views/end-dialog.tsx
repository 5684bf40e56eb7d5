// Changes when an entry ends; value and revision stay.
import { useSignal } from "@preact/signals";
import { endAsk } from "../model/entry-asks.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { choiceOf, EndFields, endOfChoice } from "../parts/end-fields.tsx";
import { Modal } from "../parts/modal.tsx";

export function EndDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const opened = app.opened.opened.peek();
  const entry = opened.kind === "entry" ? opened.entry : null;
  const choice = useSignal({
    ...choiceOf(entry?.expiresAt ?? null),
    ...(entry?.expiresAt === null ? { is: "in" as const } : {}),
  });
  if (entry === null) return null;
  const now = app.clock.value;
  const end = endOfChoice(choice.value, now);
  const submit = async () => {
    if (end === null) return;
    const isDone = await app.attempt(() => app.opened.changeEnd(end));
    if (!isDone) return;
    app.list.apply([{ kind: "touched", key: entry.key }]);
    app.notices.tell(end.is === "never" ? "It stays until it is deleted" : "Its end has been changed");
    onClose();
  };
  return (
    <Modal title="When does it end?" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <EndFields choice={choice} nowMs={now} />
        {end === null ? null : <CurlLine request={endAsk(entry.key, end)} />}
        <div class="row end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={end === null}>
            Change
          </button>
        </div>
      </form>
    </Modal>
  );
}
