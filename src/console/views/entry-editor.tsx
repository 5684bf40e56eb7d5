// Editing a value. JSON is checked as it is typed, and laid out without its numbers becoming others; bytes are replaced by a
// file. What saving sends is shown before it is sent.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { writeAsk } from "../model/entry-asks.ts";
import { compact, judgeJson, layOut } from "../model/json-layout.ts";
import { contentOf, type Draft } from "../model/opened-entry.ts";
import { decodeText, isJsonType } from "../model/value-kind.ts";
import { sizeWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { FileButton, TypeField } from "../parts/value-fields.tsx";
import { saveDraft } from "./keyboard.ts";

const encoder = new TextEncoder();

export function EntryEditor() {
  const app = useApp();
  const draft = app.opened.draft.value;
  return draft === null ? null : <Editor draft={draft} />;
}

function Editor({ draft }: { readonly draft: Draft }) {
  const app = useApp();
  const { base, bytes, contentType } = draft;
  const text = decodeText(bytes);
  const wrong = text !== null && isJsonType(contentType) ? judgeJson(text) : null;
  const opened = app.opened.opened.value;
  const content = contentOf(draft, opened.kind === "entry" ? opened.entry : null, app.clock.value);
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void saveDraft(app);
      }}
    >
      {app.opened.isOvertaken.value ? <Overtaken /> : null}
      <div class="row">
        <TypeField value={contentType} onChange={(type) => app.opened.change({ contentType: type })} />
        <FileButton
          label="Replace by a file"
          onFile={(file) => app.opened.change({ bytes: file.bytes, contentType: file.contentType })}
        />
        {text !== null && isJsonType(contentType) ? <LayoutButtons text={text} isValid={wrong === null} /> : null}
      </div>
      {text === null ? (
        <p class="bytes-note">
          {sizeWords(bytes.length)} that are no text. They can be replaced by a file, or kept as they are.
        </p>
      ) : (
        <TextArea text={text} wrong={wrong} onChange={(to) => app.opened.change({ bytes: encoder.encode(to) })} />
      )}
      <p class="verdict" role="status" data-bad={wrong !== null}>
        {wrong ?? (text !== null && isJsonType(contentType) ? "Valid JSON" : sizeWords(bytes.length))}
      </p>
      <CurlLine request={writeAsk(base.key, content, { is: "unchanged", etag: base.etag })} />
      <div class="row end">
        <button type="button" class="button" onClick={() => app.leaving(() => app.opened.discard())}>
          Cancel
        </button>
        <button
          type="submit"
          class="button main"
          title="Save (Ctrl S)"
          disabled={wrong !== null || app.opened.isSaving.value}
        >
          {app.opened.isSaving.value ? "Saving…" : "Save"}
        </button>
      </div>
    </form>
  );
}

function Overtaken() {
  return (
    <p class="warning" role="alert">
      Somebody else has changed this entry meanwhile. Saving will show both versions before anything is overwritten.
    </p>
  );
}

function LayoutButtons({ text, isValid }: { readonly text: string; readonly isValid: boolean }) {
  const app = useApp();
  const set = (to: string) => app.opened.change({ bytes: encoder.encode(to) });
  return (
    <span class="row">
      <button type="button" class="button" disabled={!isValid} onClick={() => set(layOut(text))}>
        Format
      </button>
      <button type="button" class="button" disabled={!isValid} onClick={() => set(compact(text))}>
        Compact
      </button>
    </span>
  );
}

interface TextAreaProps {
  readonly text: string;
  readonly wrong: string | null;
  readonly onChange: (text: string) => void;
}

function TextArea({ text, wrong, onChange }: TextAreaProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const isFirst = useSignal(true);
  useEffect(() => {
    if (!isFirst.peek()) return;
    isFirst.value = false;
    area.current?.focus();
    area.current?.setSelectionRange(0, 0);
  }, []);
  return (
    <textarea
      ref={area}
      class="code-field"
      aria-label="Value"
      aria-invalid={wrong !== null}
      spellcheck={false}
      autocapitalize="off"
      value={text}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}
