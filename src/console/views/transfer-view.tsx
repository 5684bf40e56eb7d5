// Export and import of many entries at once.
import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ask } from "../model/ask.ts";
import { exportAsk, type ImportPlan, importAsk, type OnConflict } from "../model/transfer.ts";
import { countWords, plural } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { Icon } from "../parts/icon.tsx";

export function TransferView() {
  return (
    <main class="page">
      <h1>Transfer</h1>
      <ProgressLine />
      <div class="cards">
        <ExportCard />
        <ImportCard />
      </div>
    </main>
  );
}

function ProgressLine() {
  const app = useApp();
  const progress = app.transfer.progress.value;
  if (progress === null) return null;
  const { what, done, all } = progress;
  return (
    <div class="progress" role="status">
      <span>
        {what} {countWords(done)}
        {all === null ? "" : ` of ${countWords(all)}`}
      </span>
      <progress aria-label={what} {...(all === null ? {} : { value: done, max: all })} />
      <button type="button" class="button" onClick={() => app.transfer.stop()}>
        Stop
      </button>
    </div>
  );
}

function ExportCard() {
  const app = useApp();
  const prefix = useSignal(app.list.selection.prefix);
  const isBusy = app.transfer.progress.value !== null;
  return (
    <section class="card" aria-labelledby="export-title">
      <h2 id="export-title">Export</h2>
      <p>
        A line of JSON for each entry, byte-exact, with types and ends, closed by a count and a checksum. Entries that
        change meanwhile are in it as they were when they were read.
      </p>
      <label class="field">
        <span>Only keys that begin with</span>
        <input
          type="text"
          class="mono"
          placeholder="every key"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={prefix.value}
          onInput={(event) => {
            prefix.value = event.currentTarget.value;
          }}
        />
      </label>
      <div class="row">
        <button
          type="button"
          class="button main"
          disabled={isBusy}
          onClick={() => void app.transfer.export(prefix.value, app.session.hasToken)}
        >
          <Icon name="download" /> Export
        </button>
      </div>
      <CurlLine request={exportAsk(prefix.value)} />
      <p class="quiet-text">A backup is the whole store at one instant, as a file for “keyhold restore”:</p>
      <CurlLine request={ask("GET", "/-/backup")} />
    </section>
  );
}

const CHOICES: readonly { readonly value: OnConflict; readonly label: string }[] = [
  { value: "skip", label: "keep what is there" },
  { value: "replace", label: "replace it" },
  { value: "fail", label: "stop" },
];

function ImportCard() {
  const app = useApp();
  const plan = useSignal<ImportPlan | null>(null);
  const onConflict = useSignal<OnConflict>("skip");
  const isBusy = app.transfer.progress.value !== null;
  const start = async (ready: ImportPlan) => {
    await app.transfer.import(ready, onConflict.value);
    plan.value = null;
    await app.reload();
  };
  return (
    <section class="card" aria-labelledby="import-title">
      <h2 id="import-title">Import</h2>
      <p>
        An export; or JSON: an object of keys and values, an array of such objects, or one a line. Numbers keep their
        digits.
      </p>
      <FileField plan={plan} isBusy={isBusy} />
      <ConflictField onConflict={onConflict} />
      <div class="row">
        <button
          type="button"
          class="button main"
          disabled={isBusy || plan.value === null}
          onClick={() => {
            if (plan.value !== null) void start(plan.value);
          }}
        >
          Import
        </button>
      </div>
      <CurlLine
        request={{
          ...importAsk(onConflict.value),
          body: {
            kind: "file",
            content: new Blob([]),
            fileName: plan.value?.what === "export" ? plan.value.fileName : "export.ndjson",
          },
        }}
      />
    </section>
  );
}

interface FileFieldProps {
  readonly plan: Signal<ImportPlan | null>;
  readonly isBusy: boolean;
}

function FileField({ plan, isBusy }: FileFieldProps) {
  const app = useApp();
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (file !== undefined) plan.value = await app.transfer.plan(file);
  };
  return (
    <div class="row">
      <button type="button" class="button" disabled={isBusy} onClick={() => input.current?.click()}>
        <Icon name="upload" /> Choose a file
      </button>
      <span class="quiet-text">{plan.value === null ? "No file chosen" : planWords(plan.value)}</span>
      <input
        ref={input}
        type="file"
        hidden
        tabIndex={-1}
        aria-label="File to import"
        accept=".json,.ndjson,.jsonl,application/json"
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}

function ConflictField({ onConflict }: { readonly onConflict: Signal<OnConflict> }) {
  return (
    <label class="field inline">
      <span>Where a key is there already</span>
      <select
        value={onConflict.value}
        onChange={(event) => {
          onConflict.value = CHOICES.find(({ value }) => value === event.currentTarget.value)?.value ?? "skip";
        }}
      >
        {CHOICES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function planWords({ fileName, lines }: ImportPlan): string {
  return `${fileName}: ${plural(lines.length, "key")}`;
}
