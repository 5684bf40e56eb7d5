// A value, shown as what it is: JSON laid out and coloured, text, a picture, or bytes. Whatever it is, it is shown as data and
// never as a page: pictures come from memory into an <img>, which runs nothing.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { FullEntry } from "../model/entry-asks.ts";
import { writeParts } from "../model/json-layout.ts";
import { essence, shapeOf, type ValueKind } from "../model/value-kind.ts";
import { CopyButton } from "../parts/curl.tsx";
import { HexView } from "./hex-view.tsx";

type Tab = "json" | "image" | "text" | "hex";

const TAB_LABELS: Readonly<Record<Tab, string>> = { json: "Formatted", image: "Image", text: "Text", hex: "Hex" };
/** Longer texts are shown without colours, which would be an element each. */
const COLOURED_LENGTH = 200_000;
/** Longer texts are shown by their beginning. */
const SHOWN_LENGTH = 1_000_000;

export function ValueView({ entry }: { readonly entry: FullEntry }) {
  const { kind, text } = shapeOf(entry.bytes, entry.contentType);
  const tabs = tabsOf(kind, text !== null);
  const chosen = useSignal<Tab | null>(null);
  const tab = tabs.find((each) => each === chosen.value) ?? tabs[0] ?? "hex";
  return (
    <div class="value">
      <div class="tabs-row">
        <div class="tabs" role="tablist" aria-label="Show as" onKeyDown={(event) => walkTabs(event)}>
          {tabs.map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              id={`tab-${each}`}
              aria-selected={each === tab}
              aria-controls="value-panel"
              tabIndex={each === tab ? 0 : -1}
              onClick={() => {
                chosen.value = each;
              }}
            >
              {TAB_LABELS[each]}
            </button>
          ))}
        </div>
        {text === null ? null : <CopyButton text={text} label="Copy the value" />}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard as well */}
      <div class="value-panel" role="tabpanel" id="value-panel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        <Shown tab={tab} entry={entry} text={text ?? ""} />
      </div>
    </div>
  );
}

function tabsOf(kind: ValueKind, isText: boolean): readonly Tab[] {
  const own: readonly Tab[] = kind === "json" ? ["json"] : kind === "image" ? ["image"] : [];
  return [...own, ...(isText ? (["text"] as const) : []), "hex"];
}

function walkTabs(event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const { target } = event;
  if (step === 0 || !(target instanceof HTMLElement)) return;
  const tabs = [...(target.parentElement?.querySelectorAll<HTMLElement>("[role=tab]") ?? [])];
  const next = tabs[(tabs.indexOf(target) + step + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
  event.preventDefault();
}

function Shown({ tab, entry, text }: { readonly tab: Tab; readonly entry: FullEntry; readonly text: string }) {
  switch (tab) {
    case "json":
      return <JsonText text={text} />;
    case "image":
      return <Picture entry={entry} />;
    case "text":
      return text === "" ? <p class="quiet-text">The value is empty.</p> : <PlainText text={text} />;
    case "hex":
      return <HexView bytes={entry.bytes} />;
  }
}

function PlainText({ text }: { readonly text: string }) {
  return (
    <>
      <pre class="code">{text.slice(0, SHOWN_LENGTH)}</pre>
      {text.length > SHOWN_LENGTH ? (
        <p class="quiet-text">Shown up to here. Download the value to see all of it.</p>
      ) : null}
    </>
  );
}

function JsonText({ text }: { readonly text: string }) {
  if (text.length > COLOURED_LENGTH) return <PlainText text={text} />;
  return (
    <pre class="code">
      {writeParts(text, 2).map(({ ink, text: part }) =>
        ink === "mark" ? part : <span class={`ink-${ink}`}>{part}</span>,
      )}
    </pre>
  );
}

function Picture({ entry }: { readonly entry: FullEntry }) {
  const [url, setUrl] = useState<string | null>(null);
  const [size, setSize] = useState<string | null>(null);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([entry.bytes], { type: essence(entry.contentType) }));
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [entry.bytes, entry.contentType]);
  if (url === null) return null;
  if (isBroken) return <p class="quiet-text">These bytes are no picture that this browser can show.</p>;
  return (
    <figure class="picture">
      <img
        src={url}
        alt={`Value of ${entry.key}`}
        onError={() => setBroken(true)}
        onLoad={({ currentTarget }) => setSize(`${currentTarget.naturalWidth} × ${currentTarget.naturalHeight}`)}
      />
      <figcaption>{size}</figcaption>
    </figure>
  );
}
