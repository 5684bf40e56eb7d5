// What an answer must be like: a status, and checks of the rest, each of which says what is wrong. A check may also learn what only the
// server could choose.
import { differenceOf, memberOf, number, object, parseTree, string, type Tree } from "./json-tree.ts";
import { type Answer, type Span, textOf } from "./messages.ts";
import { viewOf } from "./values.ts";
import type { Entry, World } from "./world.ts";

export interface Expectation {
  readonly status: number;
  readonly checks: readonly Check[];
}

/** Says what is wrong with an answer, or null. */
export type Check = (answer: Answer, span: Span) => string | null;

export type Dialect = "raw" | "json";

/** Clocks are read in whole milliseconds, at both ends. */
const CLOCK_SLACK_MS = 2;

export function expecting(status: number, ...checks: readonly Check[]): Expectation {
  return { status, checks };
}

/**
 * A refusal.
 *
 * @param code - several, parted by "|", where the protocol leaves it open which of them it is
 * @param members - of the problem, beside those that all have
 */
export function refusing(status: number, code: string, members: Readonly<Record<string, Tree>> = {}): Expectation {
  const isProblem = ofBody(({ body, fields }) => {
    if (fields.get("content-type") !== "application/problem+json") return `no problem: ${fields.get("content-type")}`;
    const problem = parseTree(textOf(body) ?? "");
    if (problem === null) return `a problem that is no JSON: ${body}`;
    const named = memberOf(problem, "code");
    if (named?.kind !== "string" || !code.split("|").includes(named.value))
      return `expected the code ${code}, got ${body}`;
    const expected = { type: string(`/-/problems/${named.value}`), status: number(status), ...members };
    for (const [name, tree] of Object.entries(expected)) {
      const actual = memberOf(problem, name);
      const wrong = actual === null ? `no member ${name}` : differenceOf(tree, actual, `/${name}`);
      if (wrong !== null) return `${wrong}, in the problem ${body}`;
    }
    return null;
  });
  return { status, checks: [isProblem] };
}

/** The same for who wants text: the detail as one line. */
export function asText({ status, checks }: Expectation): Expectation {
  const isLine: Check = ({ body, fields }) => {
    const type = fields.get("content-type");
    return type === "text/plain; charset=utf-8" && /^[^\n]+\n?$/.test(body)
      ? null
      : `no line of text, but ${type}: ${body}`;
  };
  return { status, checks: [ofBody(isLine), ...checks.filter((check) => !BODY_CHECKS.has(check))] };
}

/** Without the body, for HEAD. */
export function withoutBody({ status, checks }: Expectation): Expectation {
  const isEmpty: Check = ({ body }) => (body === "" ? null : "a body to HEAD");
  // What the body would say is checked where it is asked for by GET.
  return { status, checks: [isEmpty, ...checks.filter((check) => !BODY_CHECKS.has(check))] };
}

const BODY_CHECKS = new WeakSet<Check>();

/** A check that an answer to HEAD is spared. */
export function ofBody(check: Check): Check {
  BODY_CHECKS.add(check);
  return check;
}

export function field(name: string, expected: string | null): Check {
  return ({ fields }) => {
    const actual = fields.get(name) ?? null;
    return actual === expected ? null : `expected ${name}: ${expected ?? "no such field"}, got ${actual}`;
  };
}

export function bytes(expected: string): Check {
  return ofBody(({ body }) =>
    body === expected ? null : `expected the body ${JSON.stringify(expected)}, got ${JSON.stringify(body)}`,
  );
}

export function json(expected: Tree, type = "application/json"): Check {
  return ofBody(({ body, fields }) => {
    if (fields.get("content-type") !== type) return `expected ${type}, got ${fields.get("content-type")}`;
    const actual = parseTree(textOf(body) ?? "");
    return actual === null ? `no JSON: ${JSON.stringify(body)}` : differenceOf(expected, actual);
  });
}

/** ETag, Revision and TTL, learnt or compared. */
export function validators(world: World, entry: Entry, dialect: Dialect): Check {
  return ({ fields }, span) =>
    world.learnRevision(entry, Number(fields.get("revision"))) ??
    world.learnTag(entry, rawTag(fields.get("etag") ?? "no ETag", dialect)) ??
    wrongTtl(entry, fields.get("ttl") ?? null, span);
}

/** The tag of the view that is asked for, of the entry's tag. */
export function tagIn(dialect: Dialect, tag: string): string {
  return dialect === "raw" ? tag : `${tag.slice(0, -1)}-j"`;
}

function rawTag(tag: string, dialect: Dialect): string {
  if (dialect === "raw") return tag;
  return tag.endsWith('-j"') ? `${tag.slice(0, -3)}"` : `${tag} without -j`;
}

/** The revision of a write of several keys, which all of them get. */
export function commitOf(world: World, entries: readonly Entry[], read = revisionField): Check {
  return (answer) => {
    const revision = read(answer);
    const wrong = world.learnCommit(revision);
    if (wrong === null) for (const entry of entries) entry.revision = revision;
    return wrong;
  };
}

function revisionField({ fields }: Answer): number {
  return Number(fields.get("revision"));
}

export function wrongTtl(entry: Entry, ttl: string | null, span: Span): string | null {
  if (entry.ends === null) return ttl === null ? null : `expected no TTL, got ${ttl}`;
  const least = Math.max(1, Math.ceil((entry.ends.from - CLOCK_SLACK_MS - span.to) / 1000));
  const most = Math.max(1, Math.ceil((entry.ends.to + CLOCK_SLACK_MS - span.from) / 1000));
  const seconds = Number(ttl ?? "none");
  return seconds >= least && seconds <= most ? null : `expected a TTL from ${least} to ${most}, got ${ttl}`;
}

/** The second of Last-Modified. */
export function lastModified(entry: Entry): Check {
  return ({ fields }) => {
    const at = Date.parse(fields.get("last-modified") ?? "");
    const { from, to } = entry.modified;
    if (!(at >= wholeSecond(from - CLOCK_SLACK_MS) && at <= to + CLOCK_SLACK_MS)) {
      return `expected Last-Modified from ${new Date(from).toUTCString()} on, got ${fields.get("last-modified")}`;
    }
    entry.modified = { from: Math.max(from, at), to: Math.min(to, at + 999) };
    return null;
  };
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** The whole entry, as ?meta and transactions show it. */
export function wholeEntry(world: World, entry: Entry, span: Span): Tree {
  return object([
    ["key", string(entry.key)],
    ["value", viewOf(entry.value)],
    ["content_type", string(entry.value.type)],
    ["size", entry.isSpelt ? number(entry.value.bytes.length) : { kind: "hole", judge: () => null }],
    ["revision", hole((text) => world.learnRevision(entry, Number(text)))],
    [
      "etag",
      { kind: "hole", judge: (tree) => (tree.kind === "string" ? world.learnTag(entry, tree.value) : "no tag") },
    ],
    ["created_at", instant(entry.created, (at) => Object.assign(entry, { created: at }))],
    ["modified_at", instant(entry.modified, (at) => Object.assign(entry, { modified: at }))],
    ...endOf(entry, span),
  ]);
}

/** The members of an expiry, as whole entries and results of transactions have them. */
export function endOf(entry: Entry, span: Span): readonly (readonly [string, Tree])[] {
  const { ends } = entry;
  const at: Tree =
    ends === null ? { kind: "plain", text: "null" } : instant(ends, (exact) => Object.assign(entry, { ends: exact }));
  return [
    ["expires_at", at],
    ["ttl", hole((text) => wrongTtl(entry, text === "null" ? null : text, span))],
  ];
}

function hole(judge: (text: string) => string | null): Tree {
  return { kind: "hole", judge: (tree) => (tree.kind === "plain" ? judge(tree.text) : "neither number nor null") };
}

function instant({ from, to }: Span, learn: (exact: Span) => void): Tree {
  const judge = (tree: Tree) => {
    const at = tree.kind === "string" ? Date.parse(tree.value) : Number.NaN;
    if (!(at >= from - CLOCK_SLACK_MS && at <= to + CLOCK_SLACK_MS)) {
      const [least, most] = [from, to].map((ms) => new Date(ms).toISOString());
      return `expected an instant from ${least} to ${most}, got ${tree.kind === "string" ? tree.value : tree.kind}`;
    }
    learn({ from: at, to: at });
    return null;
  };
  return { kind: "hole", judge };
}
