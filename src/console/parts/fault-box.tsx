// What went wrong, where it is in the way of what was to be shown.
import type { ComponentChildren } from "preact";
import type { Fault } from "../model/fault.ts";
import { useApp } from "./app-context.ts";
import { Icon } from "./icon.tsx";

export function FaultBox({ fault, onRetry }: { readonly fault: Fault; readonly onRetry?: () => void }) {
  const app = useApp();
  return (
    <Empty icon="alert" title={fault.title}>
      <p>{fault.detail}.</p>
      {fault.code === "forbidden" ? (
        <p>Sign in with a token that has more rights, or ask whoever made this one.</p>
      ) : null}
      <div class="row">
        {onRetry === undefined ? null : (
          <button type="button" class="button" onClick={onRetry}>
            <Icon name="refresh" /> Try again
          </button>
        )}
        {fault.code === "forbidden" && app.session.hasToken ? (
          <button type="button" class="button" onClick={() => app.leaving(() => app.session.signOut())}>
            Use another token
          </button>
        ) : null}
      </div>
    </Empty>
  );
}

interface EmptyProps {
  readonly icon: Parameters<typeof Icon>[0]["name"];
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** Stands where there is nothing to show, and says why. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} />
      </span>
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
