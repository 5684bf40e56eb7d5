// A new token. The first one of a server changes what everybody may do, which is said before it is made; who makes it with
// `admin` is signed in with it.
import { type Signal, useSignal } from "@preact/signals";
import { createAsk, SCOPES, type Scope, type TokenPlan } from "../model/tokens.ts";
import { parseSpan } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { Modal } from "../parts/modal.tsx";

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  read: "read and list entries",
  write: "write and delete them",
  watch: "follow what happens",
  admin: "the server itself, and all entries at once",
  metrics: "figures, for a scraper",
};

interface Form {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly prefixes: string;
  readonly span: string;
}

export function TokenDialog({ onClose }: { readonly onClose: () => void }) {
  const app = useApp();
  const list = app.tokens.list.peek();
  const isFirst = list.kind === "ready" && list.tokens.length === 0 && !app.session.hasToken;
  const form = useSignal<Form>({
    name: "",
    scopes: isFirst ? SCOPES : ["read", "write", "watch"],
    prefixes: "",
    span: "",
  });
  const plan = planOf(form.value);
  const locksOut = isFirst && !form.value.scopes.includes("admin");
  const submit = async () => {
    if (plan === null || locksOut) return;
    await app.attempt(async () => {
      const issued = await app.tokens.create(plan);
      onClose();
      if (isFirst && issued !== null) await app.session.signIn({ token: issued.token, isRemembered: false });
      else await app.tokens.load();
    });
  };
  return (
    <Modal title="New token" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {isFirst ? (
          <p class="warning">
            This is the first token: from now on nothing goes without one, and this page is signed in with it.
          </p>
        ) : null}
        <TokenFields form={form} />
        {locksOut ? (
          <p class="wrong">The first token needs “admin”: without it nobody could make another here.</p>
        ) : null}
        {plan === null ? null : <CurlLine request={createAsk(plan)} />}
        <div class="row end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={plan === null || locksOut}>
            Create
          </button>
        </div>
      </form>
    </Modal>
  );
}

function TokenFields({ form }: { readonly form: Signal<Form> }) {
  const set = (change: Partial<Form>) => {
    form.value = { ...form.value, ...change };
  };
  const { name, scopes, prefixes, span } = form.value;
  const isAdmin = scopes.includes("admin");
  return (
    <>
      <label class="field">
        <span>Name</span>
        <input
          type="text"
          required
          data-first
          maxLength={100}
          autocomplete="off"
          placeholder="what it is for"
          value={name}
          onInput={(event) => set({ name: event.currentTarget.value })}
        />
      </label>
      <ScopeTicks scopes={scopes} onChange={(to) => set({ scopes: to })} />
      <label class="field">
        <span>Only keys that begin with</span>
        <input
          type="text"
          class="mono"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          disabled={isAdmin}
          placeholder={isAdmin ? "every key: admin has no bounds" : "every key; or ci/, staging/"}
          value={prefixes}
          onInput={(event) => set({ prefixes: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>Ends in</span>
        <input
          type="text"
          class="short"
          autocomplete="off"
          placeholder="never; or 90d, 12h"
          value={span}
          aria-invalid={span !== "" && parseSpan(span) === null}
          onInput={(event) => set({ span: event.currentTarget.value })}
        />
      </label>
    </>
  );
}

interface ScopeTicksProps {
  readonly scopes: readonly Scope[];
  readonly onChange: (scopes: readonly Scope[]) => void;
}

function ScopeTicks({ scopes, onChange }: ScopeTicksProps) {
  return (
    <fieldset>
      <legend>It may</legend>
      {SCOPES.map((scope) => (
        <label key={scope} class="tick">
          <input
            type="checkbox"
            checked={scopes.includes(scope)}
            onChange={(event) => onChange(changed(scopes, scope, event.currentTarget.checked))}
          />
          <span>
            {scope} <small>{SCOPE_WORDS[scope]}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Null where the form is not whole. */
function planOf({ name, scopes, prefixes, span }: Form): TokenPlan | null {
  const expiresInMs = span.trim() === "" ? null : parseSpan(span);
  if (name.trim() === "" || scopes.length === 0 || (span.trim() !== "" && expiresInMs === null)) return null;
  const listed = scopes.includes("admin") ? [] : prefixes.split(/[\s,]+/).filter((prefix) => prefix !== "");
  return { name: name.trim(), scopes: SCOPES.filter((scope) => scopes.includes(scope)), prefixes: listed, expiresInMs };
}

function changed(scopes: readonly Scope[], scope: Scope, isIn: boolean): readonly Scope[] {
  return isIn ? [...scopes, scope] : scopes.filter((each) => each !== scope);
}
