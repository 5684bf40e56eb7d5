// Fields that say what a value is: its media type, and a file to take it from.
import { useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

const COMMON_TYPES = [
  "application/json",
  "text/plain; charset=utf-8",
  "text/markdown; charset=utf-8",
  "text/html; charset=utf-8",
  "text/csv; charset=utf-8",
  "application/octet-stream",
  "image/png",
  "image/jpeg",
  "image/svg+xml",
];

export interface TakenFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

export function TypeField({ value, onChange }: { readonly value: string; readonly onChange: (type: string) => void }) {
  const id = useId();
  return (
    <label class="field inline">
      <span>Type</span>
      <input
        type="text"
        list={id}
        value={value}
        maxLength={255}
        spellcheck={false}
        autocapitalize="off"
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id={id}>
        {COMMON_TYPES.map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
    </label>
  );
}

export function FileButton({ label, onFile }: { readonly label: string; readonly onFile: (file: TakenFile) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    onFile({ name: file.name, bytes, contentType: file.type === "" ? "application/octet-stream" : file.type });
  };
  return (
    <>
      <button type="button" class="button" onClick={() => input.current?.click()}>
        <Icon name="upload" /> {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        tabIndex={-1}
        aria-label={label}
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
