// Two versions of one entry: what somebody else has put there, and what was about to be saved. Nothing has been overwritten.

import { writeAsk } from "../model/entry-asks.ts";
import { diffLines } from "../model/line-difference.ts";
import type { Conflict } from "../model/opened-entry.ts";
import { contentOf } from "../model/opened-entry.ts";
import { decodeText } from "../model/value-kind.ts";
import { agoWords, sizeWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { Modal } from "../parts/modal.tsx";

export function ConflictDialog({ conflict }: { readonly conflict: Conflict }) {
  const app = useApp();
  const { theirs, draft } = conflict;
  const overwrite = () =>
    app.attempt(async () => {
      if (await app.opened.overwrite()) app.notices.tell("Saved in place of theirs");
    });
  const keep = () => app.opened.keepEditing();
  const content = contentOf(draft, theirs, app.clock.value);
  return (
    <Modal
      title={theirs === null ? "This entry has been deleted" : "Somebody else has changed this entry"}
      onClose={keep}
      isWide
    >
      {theirs === null ? (
        <p>It was deleted, or has ended, while you were editing. Nothing has been written.</p>
      ) : (
        <p>
          It is at revision {theirs.revision} now, written {agoWords(theirs.modifiedAt, app.clock.value)}; you began
          from revision {draft.base.revision}. Nothing has been overwritten.
        </p>
      )}
      <div class="versions">
        {theirs === null ? null : <Version title="Theirs" bytes={theirs.bytes} other={draft.bytes} />}
        <Version title="Mine" bytes={draft.bytes} other={theirs?.bytes ?? draft.bytes} />
      </div>
      <CurlLine
        request={writeAsk(
          draft.base.key,
          content,
          theirs === null ? { is: "absent" } : { is: "unchanged", etag: theirs.etag },
        )}
      />
      <div class="row end">
        <button type="button" class="button" onClick={() => app.opened.discard()}>
          {theirs === null ? "Let it be gone" : "Take theirs, discard mine"}
        </button>
        {theirs === null ? null : (
          <button type="button" class="button" onClick={keep}>
            Keep editing mine
          </button>
        )}
        <button type="button" class="button danger" onClick={() => void overwrite()}>
          {theirs === null ? "Create it again with mine" : "Overwrite theirs"}
        </button>
      </div>
    </Modal>
  );
}

interface VersionProps {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly other: Uint8Array;
}

function Version({ title, bytes, other }: VersionProps) {
  const text = decodeText(bytes);
  const lines = text === null ? [] : diffLines(text, decodeText(other) ?? "");
  return (
    <section class="version" aria-label={title}>
      <h3>
        {title} <small>{sizeWords(bytes.length)}</small>
      </h3>
      {text === null ? (
        <p class="quiet-text">Bytes that are no text</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard as well
        <pre class="code" tabIndex={0}>
          {lines.map(({ text: line, isOwn }) => (isOwn ? <mark>{`${line}\n`}</mark> : `${line}\n`))}
        </pre>
      )}
    </section>
  );
}
