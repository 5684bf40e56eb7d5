// What was asked of the server last, as a line of curl at the foot of the page; all of them behind it.

import type { Sent } from "../model/requests.ts";
import { plural } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CopyButton } from "../parts/curl.tsx";
import { Empty } from "../parts/fault-box.tsx";
import { Icon } from "../parts/icon.tsx";
import { Modal } from "../parts/modal.tsx";

export function RequestBar() {
  const app = useApp();
  const [last] = app.requests.sent.value;
  return (
    <footer class="request-bar">
      <button
        type="button"
        class="button quiet"
        title="Requests so far, as curl (c)"
        onClick={() => {
          app.dialog.value = "requests";
        }}
      >
        <Icon name="terminal" /> Requests
      </button>
      {last === undefined ? (
        <span class="request-none">What you do here shows up as a line of curl</span>
      ) : (
        <>
          <Outcome sent={last} />
          <code class="request-line">{last.line}</code>
          <CopyButton text={last.line} label="Copy the last request as curl" />
        </>
      )}
    </footer>
  );
}

export function RequestsDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const sent = app.requests.sent.value;
  return (
    <Modal title="Requests" onClose={onClose} isWide>
      {sent.length === 0 ? (
        <Empty icon="terminal" title="Nothing has been asked yet">
          <p>Open, change or delete something, and it stands here as a line of curl.</p>
        </Empty>
      ) : (
        <>
          <p class="quiet-text">
            {plural(sent.length, "request")} of this page, the latest first.{" "}
            {app.session.hasToken ? "The lines take the token from $KEYHOLD_TOKEN." : null}
          </p>
          <ol class="requests">
            {sent.map((each) => (
              <li key={each.id}>
                <div class="row">
                  <strong>{each.what}</strong>
                  <Outcome sent={each} />
                  <span class="quiet-text">{each.tookMs} ms</span>
                  <CopyButton text={each.line} label="Copy as curl" />
                </div>
                <code>{each.line}</code>
              </li>
            ))}
          </ol>
        </>
      )}
    </Modal>
  );
}

function Outcome({ sent }: { readonly sent: Sent }) {
  return (
    <span class="outcome" data-good={sent.isGood}>
      {sent.outcome}
    </span>
  );
}
