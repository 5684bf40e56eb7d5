// What may stand in a place of the command line, by the word that help shows for it: KEY, PREFIX, SCOPES, CODE and so on. Keys
// and tokens are asked of the server that the words and the environment name.
import { ERRORS } from "../core/errors.ts";
import { SCOPES } from "../core/token.ts";
import type { TokenJson } from "../wire/token-json.ts";
import type { Environment } from "./command.ts";
import { DEFAULT_URL, readTokenOf, URL_VARIABLE } from "./flags.ts";
import type { Host } from "./host.ts";
import { askForJson } from "./remote.ts";
import { parseServerUrl } from "./server-url.ts";

export interface Offer {
  readonly value: string;
  /** In a few words; "" for none. */
  readonly about: string;
}

export interface Asking {
  readonly host: Host;
  readonly environment: Environment;
  /** Values of flags that stand on the line, by the flag's long name. */
  readonly values: ReadonlyMap<string, string>;
}

/** A shell waits for the answer, and the one who has pressed TAB for the shell. */
const ANSWER_MS = 1000;
const KEYS_MAX = 200;
const DELIMITERS = /[/:.]/;

/** Letters, digits and marks that no shell takes for more than that, at any place of a word. */
const SAFE_WORD = /^[\p{L}\p{N}_./:@%+=,-]+$/u;

/** Whether a shell may be told it: nothing that it would expand, run, or split at. */
export function isSafeWord(word: string): boolean {
  return SAFE_WORD.test(word);
}

/** @param word - as help shows it, without its brackets */
export async function offersOf(word: string, typed: string, asking: Asking): Promise<readonly Offer[]> {
  switch (word) {
    case "KEY":
      return keys(typed, asking);
    case "PREFIX":
      return prefixes(typed, asking);
    case "ID":
      return tokens(asking);
    case "SCOPES":
      return continued([...SCOPES, "all"], typed);
    case "CODE":
      return Object.entries(ERRORS).map(([value, { title }]) => ({ value, about: title }));
    case "STORE":
    case "PLACE":
      return ENGINES;
    case "TYPE":
      return ["application/json", "application/octet-stream", "text/plain", "text/html"].map(plain);
    case "DURATION":
      return ["10s", "30s", "1m", "5m", "1h", "1d"].map(plain);
    case "SHELL":
      return ["bash", "zsh", "fish", "powershell"].map(plain);
    case "URL":
      return [{ value: DEFAULT_URL, about: "" }];
    default:
      return [];
  }
}

const ENGINES: readonly Offer[] = [
  { value: "sqlite:", about: "a directory of this machine" },
  { value: "memory:", about: "nothing is kept" },
  { value: "valkey://", about: "one Valkey or Redis" },
  { value: "valkey+sentinel://", about: "a set with Sentinels" },
  { value: "valkey+cluster://", about: "a Cluster" },
];

function plain(value: string): Offer {
  return { value, about: "" };
}

/** Words of a list with commas between: what is typed so far, with each word that may come next. */
function continued(words: readonly string[], typed: string): readonly Offer[] {
  const before = typed.replace(/[^,]*$/, "");
  return words.filter((word) => !before.split(",").includes(word)).map((word) => plain(`${before}${word}`));
}

/** None that would be a flag where it stands: a key named --url=… would have the token sent to another server. */
async function keys(typed: string, asking: Asking): Promise<readonly Offer[]> {
  const query = new URLSearchParams({ limit: String(KEYS_MAX), ...(typed !== "" && { prefix: typed }) });
  const found = await ask<readonly string[]>(`/keys?keys&${query}`, asking, []);
  return found.filter((key) => !key.startsWith("-")).map(plain);
}

/** Up to the next mark behind what is typed, each once. */
async function prefixes(typed: string, asking: Asking): Promise<readonly Offer[]> {
  const found = await keys(typed, asking);
  const cut = ({ value }: Offer) => {
    const end = value.slice(typed.length).search(DELIMITERS);
    return end < 0 ? value : value.slice(0, typed.length + end + 1);
  };
  return [...new Set(found.map(cut))].map(plain);
}

async function tokens(asking: Asking): Promise<readonly Offer[]> {
  const all = await ask<readonly TokenJson[]>("/-/tokens", asking, []);
  return all.filter(({ state }) => state === "active").map(({ id, name }) => ({ value: id, about: name }));
}

/** Nothing is told of what goes wrong: it would come to stand in the middle of what is typed. */
async function ask<T>(target: string, { host, environment, values }: Asking, nothing: T): Promise<T> {
  try {
    const url = parseServerUrl(values.get("--url") ?? (environment[URL_VARIABLE] || DEFAULT_URL));
    const token = readTokenOf({ file: values.get("--token-file") ?? null, environment, host });
    return await askForJson<T>({ url, token }, { method: "GET", target, signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    return nothing;
  }
}
