// A command before it is sent: a request with gaps, written «like this», that are filled from what stands when its turn comes. So a
// command can speak of the tag that an entry has by then, and still be shrunk, and printed as a line for a shell.
import { tagIn } from "./expectation.ts";
import type { Ask } from "./messages.ts";
import type { Entry, World } from "./world.ts";

export type Command =
  | { readonly kind: "ask"; readonly name: string; readonly draft: Ask }
  /** An earlier request with an Idempotency-Key, as it was, or with something changed. */
  | { readonly kind: "again"; readonly index: number; readonly isChanged: boolean }
  /** A page that an earlier listing has named as its next. */
  | { readonly kind: "follow"; readonly index: number };

/** The gaps of a draft:
 *
 * - «P»: the prefix of all keys
 * - «tag K», «json K»: the tag of what stands under a key, in either view; «stale K»: one that it has had
 * - «revision K», «type K», «second K»: of what stands there
 * - «in S», «iso S»: an instant in so many seconds, as Unix seconds, or as RFC 3339
 * - «once»: a name for a write that none has had
 * - «long N»: so many bytes
 */
const GAP = /«([a-zP]+)(?: ([^»]*))?»/g;

const LONG_AGO = "Sat, 01 Jan 2000 00:00:00 GMT";

/** Null where there is nothing to repeat. */
export function toAsk(world: World, command: Command, nowMs: number): Ask | null {
  if (command.kind === "ask") return fillDraft(command.draft, (gap, text) => fillGap(world, gap, text, nowMs));
  if (command.kind === "follow") {
    const page = [...world.pages.values()].at(-1 - (command.index % Math.max(1, world.pages.size)));
    if (page === undefined) return null;
    return {
      method: "GET",
      target: page.target,
      fields: page.accept === null ? [] : [["Accept", page.accept]],
      body: null,
    };
  }
  const earlier = [...world.once.values()];
  const ask = earlier[command.index % Math.max(1, earlier.length)]?.ask;
  return ask === undefined || !command.isChanged ? (ask ?? null) : changed(world, ask);
}

/** Another request that is as sound as the first. */
function changed(world: World, ask: Ask): Ask {
  const other = encodeURIComponent(`${world.prefix}other`);
  const { method, target, body } = ask;
  if (body !== null && /^\s*[{[]/.test(body)) return { ...ask, body: `${body} ` };
  if (target.startsWith("/keys?")) {
    return { ...ask, target: method === "PUT" ? `${target}&${other}=1` : `/keys?prefix=${other}` };
  }
  return { ...ask, target: target.startsWith("/keys") ? `/keys/${other}` : `/${other}` };
}

export function fillDraft({ method, target, fields, body }: Ask, fill: (gap: string, text: string) => string): Ask {
  const filled = (text: string) =>
    text.replaceAll(GAP, (_, gap: string, argument?: string) => fill(gap, argument ?? ""));
  return {
    method,
    target: withoutEmptyPrefix(
      target.replaceAll(GAP, (_, gap: string, argument?: string) => encodeURIComponent(fill(gap, argument ?? ""))),
      target,
    ),
    fields: fields.map(([name, value]) => [name, filled(value)]),
    body: body === null ? null : filled(body),
  };
}

/** Where a sequence has the store to itself, the set of its prefix is every key. */
function withoutEmptyPrefix(target: string, draft: string): string {
  if (!draft.includes("prefix=«P»")) return target;
  return target.replace(/([?&])prefix=(?:&|$)/, "$1").replace(/[?&]$/, "");
}

/** The draft with its gaps cut out of it, for what prints them in its own way. */
export function splitAtGaps(text: string): readonly (string | readonly [gap: string, argument: string])[] {
  const parts: (string | readonly [string, string])[] = [];
  let at = 0;
  for (const match of text.matchAll(GAP)) {
    parts.push(text.slice(at, match.index), [match[1] ?? "", match[2] ?? ""]);
    at = match.index + match[0].length;
  }
  return [...parts, text.slice(at)];
}

function fillGap(world: World, gap: string, argument: string, nowMs: number): string {
  const entry = world.entries.get(`${world.prefix}${argument}`) ?? null;
  const atMs = nowMs + Number(argument) * 1000;
  switch (gap) {
    case "P":
      return world.prefix;
    case "tag":
      return entry?.tag ?? '"none"';
    case "json":
      return tagIn("json", entry?.tag ?? '"none"');
    case "stale":
      return world.staleTags(`${world.prefix}${argument}`).at(-1) ?? '"never"';
    case "revision":
      return String(entry?.revision ?? 1);
    case "type":
      return entry?.value.type ?? "text/plain";
    case "second":
      return entry === null ? LONG_AGO : secondOf(entry);
    case "in":
      return String(Math.floor(atMs / 1000));
    case "iso":
      return new Date(atMs).toISOString();
    case "once":
      return `${world.name}-${world.nameOnce()}`;
    default:
      return "x".repeat(Number(argument));
  }
}

function secondOf({ modified }: Entry): string {
  return new Date(modified.from).toUTCString();
}
