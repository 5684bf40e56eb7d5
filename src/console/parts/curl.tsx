// A request as a line of curl, ready to copy.
import { useState } from "preact/hooks";
import { after, copyText } from "../browser.ts";
import type { Ask } from "../model/ask.ts";
import { useApp } from "./app-context.ts";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 1500;

export function CopyButton({ text, label, isBare = true }: { text: string; label: string; isBare?: boolean }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setCopied(true);
    after(SHOWN_MS, () => setCopied(false));
  };
  return (
    <button
      type="button"
      class={isBare ? "button quiet square" : "button"}
      aria-label={isBare ? label : undefined}
      title={label}
      onClick={() => void copy()}
    >
      <Icon name={isCopied ? "check" : "copy"} />
      {isBare ? null : isCopied ? "Copied" : label}
      <span class="offscreen" role="status">
        {isCopied ? "Copied" : ""}
      </span>
    </button>
  );
}

/** The line of what a form is about to do. */
export function CurlLine({ request }: { readonly request: Ask }) {
  const app = useApp();
  return <CurlText line={app.requests.line(request)} />;
}

export function CurlText({ line }: { readonly line: string }) {
  return (
    <div class="curl">
      <code>{line}</code>
      <CopyButton text={line} label="Copy as curl" />
    </div>
  );
}
