// What the server says of itself: version, store, promises, limits.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../model/ask.ts";
import { type Fault, toFault } from "../model/fault.ts";
import { countWords, instantWords, sizeWords } from "../model/words.ts";
import { useApp } from "../parts/app-context.ts";
import { CurlLine } from "../parts/curl.tsx";
import { FaultBox } from "../parts/fault-box.tsx";

const INFO_ASK = ask("GET", "/-/info");

type Facts = readonly (readonly [name: string, value: unknown])[];

export function ServerView() {
  const app = useApp();
  const facts = useSignal<Facts | null>(null);
  const fault = useSignal<Fault | null>(null);
  const load = async () => {
    try {
      const response = await app.requests.read(INFO_ASK);
      facts.value = membersOf(await response.json());
      fault.value = null;
    } catch (error) {
      fault.value = toFault(error);
    }
  };
  useEffect(() => void load(), []);
  return (
    <main class="page">
      <h1>Server</h1>
      {fault.value === null ? null : <FaultBox fault={fault.value} onRetry={() => void load()} />}
      {facts.value === null ? null : (
        <>
          <div class="cards packed">
            <FactCard title="Server" facts={facts.value.filter(([, value]) => !isGroup(value))} />
            {facts.value.flatMap(([name, value]) =>
              isGroup(value) ? [<FactCard key={name} title={words(name)} facts={membersOf(value)} />] : [],
            )}
          </div>
          <p class="quiet-text">
            What each of these promises is in the documentation of the server, at <a href="/">its front page</a>.
          </p>
          <CurlLine request={INFO_ASK} />
        </>
      )}
    </main>
  );
}

function FactCard({ title, facts }: { readonly title: string; readonly facts: Facts }) {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <dl class="pairs">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{shown(name, value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function membersOf(value: unknown): Facts {
  return isGroup(value) ? Object.entries(value) : [];
}

/** `value_bytes` as `Value bytes`. */
function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function shown(name: string, value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return /bytes$/.test(name) ? sizeWords(value) : countWords(value);
  if (typeof value === "string") return /(?:_at|^now)$/.test(name) ? instantWords(Date.parse(value)) : value;
  return JSON.stringify(value);
}
