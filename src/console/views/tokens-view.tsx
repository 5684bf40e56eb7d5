// Access tokens: who may use this server, for what, until when.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { TokenJson } from "../../wire/token-json.ts";
import { LIST_ASK, revokeAsk } from "../model/tokens.ts";
import { instantWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CopyButton, CurlLine } from "../parts/curl.tsx";
import { Empty, FaultBox } from "../parts/fault-box.tsx";
import { Icon } from "../parts/icon.tsx";
import { Modal } from "../parts/modal.tsx";

export function TokensView() {
  const app = useApp();
  const revoked = useSignal<TokenJson | null>(null);
  useEffect(() => void app.tokens.load(), [app]);
  const list = app.tokens.list.value;
  return (
    <main class="page">
      <div class="page-head">
        <h1>Tokens</h1>
        {list.kind === "ready" ? <NewButton /> : null}
      </div>
      <IssuedSecret />
      {list.kind === "failed" ? <FaultBox fault={list.fault} onRetry={() => void app.tokens.load()} /> : null}
      {list.kind === "ready" && list.tokens.length === 0 ? (
        <Empty icon="shield" title="This server asks for no token">
          <p>
            Whoever reaches it may do everything. With the first token that is over: make that one with every scope, as
            only a token with <code>admin</code> can make others.
          </p>
        </Empty>
      ) : null}
      {list.kind === "ready" && list.tokens.length > 0 ? (
        <TokenTable
          tokens={list.tokens}
          onRevoke={(token) => {
            revoked.value = token;
          }}
        />
      ) : null}
      {list.kind === "ready" ? <CurlLine request={LIST_ASK} /> : null}
      {revoked.value === null ? null : (
        <RevokeDialog
          token={revoked.value}
          onClose={() => {
            revoked.value = null;
          }}
        />
      )}
    </main>
  );
}

function NewButton() {
  const app = useApp();
  return (
    <button
      type="button"
      class="button main"
      onClick={() => {
        app.dialog.value = "token";
      }}
    >
      <Icon name="plus" /> New token
    </button>
  );
}

/** The secret of a token just made: shown until somebody says that they have it. */
function IssuedSecret() {
  const app = useApp();
  const issued = app.tokens.issued.value;
  if (issued === null) return null;
  return (
    <section class="issued" aria-label="Secret of the new token">
      <h2>The secret of “{issued.name}”</h2>
      <p>It is shown this once. The server keeps only its digest: what is lost is revoked, not recovered.</p>
      <div class="curl">
        <code data-secret>{issued.token}</code>
        <CopyButton text={issued.token} label="Copy the secret" />
      </div>
      <button type="button" class="button" onClick={() => app.tokens.forgetSecret()}>
        I have kept it
      </button>
    </section>
  );
}

interface TokenTableProps {
  readonly tokens: readonly TokenJson[];
  readonly onRevoke: (token: TokenJson) => void;
}

function TokenTable({ tokens, onRevoke }: TokenTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard as well
    <section class="table-box tokens" tabIndex={0} aria-label="Tokens">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">May</th>
            <th scope="col">Keys</th>
            <th scope="col">Ends</th>
            <th scope="col">State</th>
            <th scope="col">
              <span class="offscreen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id} data-state={token.state}>
              <th scope="row">
                {token.name}
                <small>{token.id}</small>
              </th>
              <td data-label="May">{token.scopes.join(", ")}</td>
              <td data-label="Keys">
                {token.prefixes.length === 0 ? "every key" : token.prefixes.map((prefix) => `${prefix}*`).join(", ")}
              </td>
              <td data-label="Ends">
                {token.expires_at === null ? "never" : instantWords(Date.parse(token.expires_at))}
              </td>
              <td data-label="State">
                <span class="badge" data-state={token.state}>
                  {token.state}
                </span>
              </td>
              <td>
                {token.state === "active" ? (
                  <button
                    type="button"
                    class="button danger quiet"
                    aria-label={`Revoke ${token.name}`}
                    onClick={() => onRevoke(token)}
                  >
                    Revoke
                  </button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function RevokeDialog({ token, onClose }: { readonly token: TokenJson; readonly onClose: () => void }) {
  const app = useApp();
  const revoke = async () => {
    if (await app.attempt(() => app.tokens.revoke(token.id))) app.notices.tell(`Revoked “${token.name}”`);
    onClose();
  };
  return (
    <Modal title={`Revoke “${token.name}”?`} onClose={onClose}>
      <p>
        It stops working with its next request, and what it watches ends within a second. This cannot be undone; if it
        is the token of this page, you are signed out.
      </p>
      <CurlLine request={revokeAsk(token.id)} />
      <div class="row end">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger solid" onClick={() => void revoke()}>
          Revoke
        </button>
      </div>
    </Modal>
  );
}
