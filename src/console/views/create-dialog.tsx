// A new entry. It is created only where there is none yet (If-None-Match: *), so that nothing is overwritten by a name that
// somebody else has taken.
import { type Signal, useSignal } from "@preact/signals";
import { type Content, writeAsk } from "../model/entry-asks.ts";
import { isFault } from "../model/fault.ts";
import { judgeJson } from "../model/json-layout.ts";
import { judgeKey } from "../model/key-rule.ts";
import { isJsonType } from "../model/value-kind.ts";
import { sizeWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { EndFields, endOfChoice, NO_END } from "../parts/end-fields.tsx";
import { Modal } from "../parts/modal.tsx";
import { FileButton, type TakenFile, TypeField } from "../parts/value-fields.tsx";

const TEXT_TYPE = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";
const TAKEN =
  "There is an entry under this key. Nothing has been written: choose another key, or open that one and edit it.";
const encoder = new TextEncoder();

interface Form {
  readonly key: string;
  readonly text: string;
  /** As long as nobody has chosen one, it follows what is typed. */
  readonly contentType: string | null;
  readonly file: TakenFile | null;
}

export function CreateDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const { prefix, key } = app.places.place.peek();
  const isMissing = app.opened.opened.peek().kind === "missing";
  const form = useSignal<Form>({
    key: isMissing && key !== null ? key : prefix,
    text: "",
    contentType: null,
    file: null,
  });
  const end = useSignal(NO_END);
  const isTaken = useSignal(false);
  const now = app.clock.value;
  const content = contentOf(form.value, endOfChoice(end.value, now), now);
  const wrong = wrongWith(form.value);
  const wrongKey = judgeKey(form.value.key);
  const canSave = form.value.key !== "" && wrongKey === null && wrong === null && content !== null;
  const submit = async () => {
    if (!canSave) return;
    isTaken.value = false;
    const isDone = await app.attempt(async () => {
      try {
        await app.create(form.value.key, content);
      } catch (error) {
        isTaken.value = isFault(error, "precondition-failed");
        if (!isTaken.value) throw error;
      }
    });
    if (isDone && !isTaken.value) onClose();
  };
  return (
    <Modal title="New key" onClose={onClose} isWide>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <KeyField form={form} wrong={wrongKey ?? (isTaken.value ? TAKEN : null)} />
        <ValueFields form={form} wrong={wrong} />
        <EndFields choice={end} nowMs={now} />
        {canSave ? <CurlLine request={writeAsk(form.value.key, content, { is: "absent" })} /> : null}
        <div class="row end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={!canSave}>
            Create
          </button>
        </div>
      </form>
    </Modal>
  );
}

function KeyField({ form, wrong }: { readonly form: Signal<Form>; readonly wrong: string | null }) {
  return (
    <label class="field">
      <span>Key</span>
      <input
        data-first
        type="text"
        class="mono"
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="users/alice"
        value={form.value.key}
        aria-invalid={wrong !== null}
        onInput={(event) => {
          form.value = { ...form.value, key: event.currentTarget.value };
        }}
      />
      {wrong === null ? null : (
        <span class="wrong" role="alert">
          {wrong}
        </span>
      )}
    </label>
  );
}

function ValueFields({ form, wrong }: { readonly form: Signal<Form>; readonly wrong: string | null }) {
  const set = (change: Partial<Form>) => {
    form.value = { ...form.value, ...change };
  };
  const { file, text } = form.value;
  return (
    <>
      {file === null ? (
        <label class="field">
          <span>Value</span>
          <textarea
            class="code-field"
            rows={7}
            spellcheck={false}
            autocapitalize="off"
            placeholder='Text, or JSON such as {"name": "Alice"}'
            value={text}
            aria-invalid={wrong !== null}
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        </label>
      ) : (
        <p class="bytes-note">
          {file.name}, {sizeWords(file.bytes.length)}{" "}
          <button type="button" class="link" onClick={() => set({ file: null, contentType: null })}>
            Type a value instead
          </button>
        </p>
      )}
      <div class="row">
        <TypeField value={typeOf(form.value)} onChange={(contentType) => set({ contentType })} />
        <FileButton label="From a file" onFile={(taken) => set({ file: taken, contentType: taken.contentType })} />
      </div>
      {wrong === null ? null : <p class="wrong">{wrong}</p>}
    </>
  );
}

/** What is typed as an object or an array is meant as JSON; anything else is text until somebody says otherwise. */
function typeOf({ contentType, text }: Form): string {
  if (contentType !== null) return contentType;
  return /^\s*[[{]/.test(text) && judgeJson(text) === null ? JSON_TYPE : TEXT_TYPE;
}

function wrongWith(form: Form): string | null {
  return form.file === null && isJsonType(typeOf(form)) ? judgeJson(form.text) : null;
}

function contentOf(form: Form, end: ReturnType<typeof endOfChoice>, nowMs: number): Content | null {
  if (end === null) return null;
  const bytes = form.file?.bytes ?? encoder.encode(form.text);
  const expiresAt = end.is === "never" ? null : end.is === "in" ? nowMs + end.ms : end.ms;
  return { bytes, contentType: typeOf(form), expiresAt };
}
