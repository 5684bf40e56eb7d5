// The frame around every view: who and where one is, how the server can be reached, and what lies in front of the page.
import { useEffect } from "preact/hooks";
import type { Theme } from "../model/console-app.ts";
import { VIEWS, type ViewName } from "../model/place.ts";
import { useApp } from "../parts/app-context.ts";
import { FaultBox } from "../parts/fault-box.tsx";
import { Icon, type IconName, Mark } from "../parts/icon.tsx";
import { ActivityView } from "./activity-view.tsx";
import { Dialogs } from "./dialogs.tsx";
import { listenToKeys } from "./keyboard.ts";
import { KeysView } from "./keys-view.tsx";
import { NoticeStack } from "./notice-stack.tsx";
import { RequestBar } from "./request-bar.tsx";
import { ServerView } from "./server-view.tsx";
import { SignIn } from "./sign-in.tsx";
import { TokensView } from "./tokens-view.tsx";
import { TransferView } from "./transfer-view.tsx";

const LABELS: Readonly<Record<ViewName, { readonly label: string; readonly icon: IconName }>> = {
  keys: { label: "Keys", icon: "key" },
  activity: { label: "Activity", icon: "activity" },
  tokens: { label: "Tokens", icon: "shield" },
  transfer: { label: "Transfer", icon: "transfer" },
  server: { label: "Server", icon: "server" },
};

export function Shell() {
  const app = useApp();
  const access = app.session.access.value;
  useEffect(() => listenToKeys(app), [app]);
  useEffect(() => keepDrafts(() => app.opened.isDirty.peek()), [app]);
  if (access.kind === "checking") return <div class="gate" aria-busy="true" />;
  if (access.kind === "needed") return <SignIn why={access.why} />;
  if (access.kind === "away") {
    return (
      <main class="gate">
        <FaultBox fault={access.fault} onRetry={() => void app.session.check()} />
      </main>
    );
  }
  return (
    <div class="shell">
      <Header />
      <View />
      <RequestBar />
      <NoticeStack />
      <Dialogs />
    </div>
  );
}

function Header() {
  const app = useApp();
  const current = app.places.place.value.view;
  return (
    <header class="top">
      <span class="brand">
        <Mark /> Keyhold
      </span>
      <nav class="views" aria-label="Views">
        {VIEWS.map((view, index) => (
          <a
            key={view}
            href={`#/${view}`}
            aria-current={view === current ? "page" : undefined}
            title={`${LABELS[view].label} (${index + 1})`}
            onClick={(event) => {
              event.preventDefault();
              app.go({ view });
            }}
          >
            <Icon name={LABELS[view].icon} />
            <span>{LABELS[view].label}</span>
          </a>
        ))}
      </nav>
      <div class="top-tools">
        <LiveMark />
        <ThemeButton />
        <button
          type="button"
          class="button quiet square"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={() => {
            app.dialog.value = "shortcuts";
          }}
        >
          <Icon name="help" />
        </button>
        {app.session.hasToken ? (
          <button
            type="button"
            class="button quiet square"
            aria-label="Sign out"
            title="Sign out"
            onClick={() => app.leaving(() => app.session.signOut())}
          >
            <Icon name="out" />
          </button>
        ) : null}
      </div>
    </header>
  );
}

function LiveMark() {
  const app = useApp();
  const state = app.live.state.value;
  const words = {
    off: { label: "Not live", why: "The list is as it was read" },
    connecting: { label: "Connecting", why: "The list will follow what happens on the server" },
    live: { label: "Live", why: "The list follows what happens on the server" },
    refused: { label: "Not live", why: state.kind === "refused" ? `${state.fault.title}: ${state.fault.detail}` : "" },
  }[state.kind];
  return (
    <button
      type="button"
      class="live"
      data-state={state.kind}
      title={`${words.why}. Press to read everything anew (r)`}
      onClick={() => void app.reload()}
    >
      <span class="dot" aria-hidden="true" />
      <span class="live-word">{words.label}</span>
    </button>
  );
}

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

function ThemeButton() {
  const app = useApp();
  const theme = app.theme.value;
  const icon = { system: "auto", light: "sun", dark: "moon" } as const;
  const label = `Theme: ${theme === "system" ? "as the system has it" : theme}`;
  return (
    <button
      type="button"
      class="button quiet square"
      aria-label={label}
      title={label}
      onClick={() => app.setTheme(NEXT_THEME[theme])}
    >
      <Icon name={icon[theme]} />
    </button>
  );
}

function View() {
  const app = useApp();
  switch (app.places.place.value.view) {
    case "keys":
      return <KeysView />;
    case "activity":
      return <ActivityView />;
    case "tokens":
      return <TokensView />;
    case "transfer":
      return <TransferView />;
    case "server":
      return <ServerView />;
  }
}

/** The browser asks before it closes a page on which something would be lost. */
function keepDrafts(isDirty: () => boolean): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (isDirty()) event.preventDefault();
  };
  addEventListener("beforeunload", ask);
  return () => removeEventListener("beforeunload", ask);
}
