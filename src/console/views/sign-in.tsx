// Asks for a token where the server does. The secret stays in this tab unless somebody says otherwise.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../parts/app-context.ts";
import { Mark } from "../parts/icon.tsx";

export function SignIn({ why }: { readonly why: string | null }) {
  const app = useApp();
  const token = useSignal("");
  const isRemembered = useSignal(false);
  const isBusy = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async () => {
    isBusy.value = true;
    await app.session.signIn({ token: token.value.trim(), isRemembered: isRemembered.value });
    isBusy.value = false;
  };
  return (
    <main class="gate">
      <form
        class="sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.value.trim() !== "" && !isBusy.value) void submit();
        }}
      >
        <Mark />
        <h1>Sign in to Keyhold</h1>
        <p class="quiet-text">This server asks for an access token. It goes to {location.host} and to nobody else.</p>
        <label class="field">
          <span>Token</span>
          <input
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            required
            value={token.value}
            aria-invalid={why !== null}
            aria-describedby={why === null ? undefined : "sign-in-why"}
            onInput={(event) => {
              token.value = event.currentTarget.value;
            }}
          />
        </label>
        {why === null ? null : (
          <p class="wrong" id="sign-in-why" role="alert">
            {why}
          </p>
        )}
        <RememberTick isRemembered={isRemembered} />
        <button type="submit" class="button main" disabled={isBusy.value}>
          {isBusy.value ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

function RememberTick({ isRemembered }: { readonly isRemembered: Signal<boolean> }) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={isRemembered.value}
        onChange={(event) => {
          isRemembered.value = event.currentTarget.checked;
        }}
      />
      <span>
        Remember it in this browser
        <small>Otherwise it is forgotten when this tab is closed.</small>
      </span>
    </label>
  );
}
