// The entry that is open: what it is, its value, and what can be done with it.
import { useEffect, useRef } from "preact/hooks";
import { saveFile } from "../browser.ts";
import { type FullEntry, fileNameOf, readAsk } from "../model/entry-asks.ts";
import { agoWords, instantWords, sizeWords, spanWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CopyButton, CurlLine } from "../parts/curl.tsx";
import { Empty, FaultBox } from "../parts/fault-box.tsx";
import { Icon } from "../parts/icon.tsx";
import { EntryEditor } from "./entry-editor.tsx";
import { ValueView } from "./value-view.tsx";

export function EntryPane() {
  return (
    <section class="entry" aria-label="Entry">
      <EntryState />
    </section>
  );
}

function EntryState() {
  const app = useApp();
  const opened = app.opened.opened.value;
  switch (opened.kind) {
    case "none":
      return (
        <Empty icon="key" title="Choose a key to see its value">
          <p class="wide-only">
            <kbd>j</kbd> <kbd>k</kbd> to move, <kbd>Enter</kbd> to open, <kbd>n</kbd> for a new one, <kbd>?</kbd> for
            all shortcuts.
          </p>
        </Empty>
      );
    case "loading":
      return <div class="entry-loading" aria-busy="true" />;
    case "failed":
      return (
        <>
          <BackButton />
          <FaultBox fault={opened.fault} onRetry={() => void app.opened.reload()} />
        </>
      );
    case "missing":
      return <Missing entryKey={opened.key} why={opened.why} />;
    case "entry":
      return <Entry entry={opened.entry} />;
  }
}

function Missing({ entryKey, why }: { readonly entryKey: string; readonly why: "never" | "gone" }) {
  const app = useApp();
  return (
    <>
      <BackButton />
      <Empty icon="key" title={why === "gone" ? "This entry is gone" : "There is no such entry"}>
        <p>
          <code>{entryKey}</code> {why === "gone" ? "has been deleted, or has ended." : "may have ended, or never was."}
        </p>
        <button
          type="button"
          class="button"
          onClick={() => {
            app.dialog.value = "create";
          }}
        >
          Create it
        </button>
      </Empty>
    </>
  );
}

function BackButton() {
  const app = useApp();
  return (
    <button type="button" class="button quiet narrow-only back" onClick={() => app.go({ key: null })}>
      <Icon name="back" /> Keys
    </button>
  );
}

function Entry({ entry }: { readonly entry: FullEntry }) {
  const app = useApp();
  const heading = useRef<HTMLHeadingElement>(null);
  const isEditing = app.opened.draft.value !== null;
  useEffect(() => {
    // On a narrow screen the entry takes the place of the list, and the focus goes with it.
    if (!matchMedia("(min-width: 900px)").matches) heading.current?.focus();
  }, [entry.key]);
  return (
    <>
      <header class="entry-head">
        <BackButton />
        <div class="entry-title">
          <h2 ref={heading} tabIndex={-1}>
            {entry.key}
          </h2>
          <CopyButton text={entry.key} label="Copy the key" />
        </div>
        <Facts entry={entry} />
        {isEditing ? null : <Tools entry={entry} />}
      </header>
      {isEditing ? <EntryEditor key={entry.key} /> : <ValueView key={entry.key} entry={entry} />}
      {isEditing ? null : (
        <footer class="entry-foot">
          <CurlLine request={readAsk(entry.key)} />
        </footer>
      )}
    </>
  );
}

function Tools({ entry }: { readonly entry: FullEntry }) {
  const app = useApp();
  const download = () => saveFile(fileNameOf(entry.key), new Blob([entry.bytes], { type: entry.contentType }));
  return (
    <div class="row tools">
      <button type="button" class="button main" title="Edit (e)" onClick={() => app.opened.edit()}>
        <Icon name="pencil" /> Edit
      </button>
      <button
        type="button"
        class="button"
        title="When it ends (t)"
        onClick={() => {
          app.dialog.value = "end";
        }}
      >
        <Icon name="clock" /> Expiry
      </button>
      <button type="button" class="button" onClick={download}>
        <Icon name="download" /> Download
      </button>
      <button type="button" class="button danger quiet" title="Delete (d)" onClick={() => void app.remove([entry.key])}>
        <Icon name="trash" /> Delete
      </button>
    </div>
  );
}

function Facts({ entry }: { readonly entry: FullEntry }) {
  const app = useApp();
  const now = app.clock.value;
  const { contentType, bytes, revision, modifiedAt, createdAt, expiresAt } = entry;
  return (
    <dl class="facts">
      <div>
        <dt>Type</dt>
        <dd>{contentType}</dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd title={`${bytes.length} bytes`}>{sizeWords(bytes.length)}</dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd>{revision}</dd>
      </div>
      <div>
        <dt>Modified</dt>
        <dd title={instantWords(modifiedAt)}>{agoWords(modifiedAt, now)}</dd>
      </div>
      {createdAt === null || createdAt === modifiedAt ? null : (
        <div>
          <dt>Created</dt>
          <dd title={instantWords(createdAt)}>{agoWords(createdAt, now)}</dd>
        </div>
      )}
      <div>
        <dt>Ends</dt>
        {expiresAt === null ? (
          <dd>never</dd>
        ) : (
          <dd class="countdown" title={instantWords(expiresAt)}>
            {expiresAt > now ? `in ${spanWords(expiresAt - now)}` : "now"}
          </dd>
        )}
      </div>
    </dl>
  );
}
