// The messages at the edge of the page. They leave after a while, which stands still while pointer or focus is on them.
import { useEffect, useRef } from "preact/hooks";
import { every } from "../browser.ts";
import type { Notice } from "../model/notices.ts";
import { useApp } from "../parts/app-context.ts";
import { Icon } from "../parts/icon.tsx";

const STEP_MS = 250;

export function NoticeStack() {
  const app = useApp();
  return (
    <section class="notices" aria-label="Messages" aria-live="polite">
      {app.notices.shown.value.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function NoticeCard({ notice }: { readonly notice: Notice }) {
  const app = useApp();
  const isHeld = useRef(false);
  const passedMs = useRef(0);
  useEffect(
    () =>
      every(STEP_MS, () => {
        if (!isHeld.current) passedMs.current += STEP_MS;
        if (passedMs.current >= notice.staysMs) app.notices.dismiss(notice.id);
      }),
    [notice.id],
  );
  const hold = (to: boolean) => () => {
    isHeld.current = to;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: nothing is done by it, only the time stands still
    <div
      class="notice"
      data-tone={notice.tone}
      onMouseEnter={hold(true)}
      onMouseLeave={hold(false)}
      onFocusIn={hold(true)}
      onFocusOut={hold(false)}
    >
      <Icon name={notice.tone === "good" ? "check" : "alert"} />
      <div class="notice-text">
        <p>{notice.text}</p>
        {notice.detail === null ? null : <p class="quiet-text">{notice.detail}</p>}
      </div>
      {notice.action === null ? null : (
        <button
          type="button"
          class="button"
          title="u"
          onClick={() => {
            app.notices.dismiss(notice.id);
            notice.action?.run();
          }}
        >
          {notice.action.label}
        </button>
      )}
      <button
        type="button"
        class="button quiet square"
        aria-label="Dismiss"
        onClick={() => app.notices.dismiss(notice.id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
