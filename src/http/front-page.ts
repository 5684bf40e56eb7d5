// `GET /`: what Keyhold is, how this server stands, and curl lines that work as they stand; text for a terminal, a page with the
// same for a browser. The text has no colour: who reads it may be a pipe.
import type { Capabilities } from "../store/store.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { negotiate } from "./accept.ts";
import { exampleOrigin } from "./example-origin.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { FRONT_PAGE_HEADERS, frontPageHtml } from "./front-page-html.ts";

interface Chapter {
  readonly title: string;
  readonly lines: (origin: string) => readonly string[];
}

const CHAPTERS: readonly Chapter[] = [
  {
    title: "Keep a value: the body is the value",
    lines: (origin) => [
      `curl -X PUT -d 'hello world!' ${origin}/greeting`,
      `curl ${origin}/greeting`,
      `curl -X DELETE ${origin}/greeting`,
    ],
  },
  {
    title: "As JSON, many at once",
    lines: (origin) => [
      `curl -X POST -H 'Content-Type: application/json' -d '{"color": "blue", "limits": {"max": 3}}' ${origin}/keys`,
      `curl ${origin}/keys`,
      `curl '${origin}/keys?filter=co*'`,
      `curl -X DELETE '${origin}/keys?prefix=lim'`,
    ],
  },
  {
    title: "For a while",
    lines: (origin) => [
      `curl -X PUT '${origin}/keys?session=alice&expire_in=60'`,
      `curl -X PATCH -d expire_in=3600 ${origin}/session`,
    ],
  },
  {
    title: "Count, change in part, all or nothing",
    lines: (origin) => [
      `curl -X PATCH -d incr=1 ${origin}/hits`,
      `curl -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"max": 5}' ${origin}/keys/limits`,
      `curl -H 'Content-Type: application/json' -d '{"checks": [{"key": "hits", "exists": true}], "ops": [{"incr": {"key": "hits", "by": -1, "min": 0}}, {"get": {"key": "limits"}}]}' ${origin}/-/txn`,
    ],
  },
  {
    title: "See what changes, as it does",
    lines: (origin) => [`curl -N '${origin}/keys?watch'`, `curl '${origin}/hits?wait=30'`],
  },
  {
    title: "Only if nobody was faster",
    lines: (origin) => [`curl -i -X PUT -d me -H 'If-None-Match: *' -H 'TTL: 30' ${origin}/lock`],
  },
  {
    title: "The server itself",
    lines: (origin) => [`curl ${origin}/-/info`, `curl ${origin}/-/ready`],
  },
];

const SENTENCE = "The key-value store that you talk to with curl.";
/** What a 2xx to a write means, as the store promises it. */
const PROMISES: Readonly<Record<Capabilities["durability"], string>> = {
  "power-loss": "A 2xx to a write means that it is on disk.",
  "process-crash": "A 2xx to a write means that it outlives this process; a power cut may take the last ones.",
  delegated: "A 2xx to a write means that the store behind this server has taken it.",
  none: "The store is in memory: every entry ends with this process.",
};

/** Places to go on to. */
const OPEN_LINKS: readonly Link[] = [
  { path: "/-/console", name: "Console", says: "Browse, edit and follow entries in the browser" },
  { path: "/-/docs", name: "API reference", says: "Every operation, to be read and tried" },
  { path: "/-/openapi.json", name: "OpenAPI 3.1", says: "The interface, for tools" },
];
/** What a browser is shown by its address alone only where no token is asked for. */
const GUARDED_LINKS: readonly Link[] = [
  { path: "/keys", name: "Entries", says: "What is kept, as JSON" },
  { path: "/-/info", name: "This server", says: "Version, promises, counts and limits" },
  { path: "/-/metrics", name: "Metrics", says: "Figures for Prometheus" },
];

/** For clients that look where the interface is told of (RFC 8631). */
const INTERFACE = '</-/openapi.json>; rel="service-desc", </-/docs>; rel="service-doc", </-/ready>; rel="status"';

export interface Link {
  readonly path: string;
  readonly name: string;
  readonly says: string;
}

export interface FrontPageFacts {
  readonly version: string;
  /** Null where not everybody is to know. */
  readonly engine: string | null;
  readonly durability: Capabilities["durability"];
  /** Why requests should go elsewhere for now; null when the server is ready for them. */
  readonly unreadyReason: string | null;
  /** Null where not everybody is to know. */
  readonly entries: number | null;
  readonly asksForToken: boolean;
}

/** What both forms of the page show. */
export interface FrontPage {
  readonly version: string;
  readonly isReady: boolean;
  readonly sentence: string;
  readonly promise: string;
  /** Names and values of how the server stands. */
  readonly state: readonly (readonly [name: string, value: string])[];
  readonly notes: readonly string[];
  readonly links: readonly Link[];
  readonly chapters: readonly { readonly title: string; readonly lines: readonly string[] }[];
}

export function frontPage(incoming: Incoming, facts: FrontPageFacts): Reply {
  const origin = exampleOrigin(incoming);
  const page = pageOf(origin, facts);
  const common = { [FIELD.cacheControl]: "no-cache", [FIELD.vary]: "Accept", [FIELD.link]: INTERFACE };
  if (negotiate(incoming.header(FIELD.accept), [MEDIA.plain, MEDIA.html]) === MEDIA.html) {
    const headers = { ...common, ...FRONT_PAGE_HEADERS, [FIELD.contentType]: MEDIA.html };
    return { status: 200, headers, body: frontPageHtml(page) };
  }
  return { status: 200, headers: { ...common, [FIELD.contentType]: MEDIA.plain }, body: asText(page, origin) };
}

function pageOf(origin: string, facts: FrontPageFacts): FrontPage {
  const { version, engine, durability, unreadyReason, entries, asksForToken } = facts;
  return {
    version,
    isReady: unreadyReason === null,
    sentence: SENTENCE,
    promise: PROMISES[durability],
    state: [
      ["State", unreadyReason ?? "Ready"],
      ...(engine === null ? [] : ([["Store", engine]] as const)),
      ...(entries === null ? [] : ([["Entries", entries.toLocaleString("en")]] as const)),
      ["Access", asksForToken ? "By token" : "Open to whoever reaches it"],
    ],
    notes: asksForToken ? ["This server asks for a token: add --oauth2-bearer TOKEN to each line."] : [],
    links: asksForToken ? OPEN_LINKS : [...OPEN_LINKS, ...GUARDED_LINKS],
    chapters: CHAPTERS.map(({ title, lines }) => ({ title, lines: lines(origin) })),
  };
}

function asText({ version, sentence, promise, state, notes, links, chapters }: FrontPage, origin: string): string {
  const shown = state.map(([name, value]) => `${name.padEnd(10)}${value}\n`).join("");
  const places = links.map(({ path, name }) => `${name.padEnd(15)}${origin}${path}\n`).join("");
  const parts = chapters.map(({ title, lines }) => `# ${title}\n${lines.join("\n")}\n`);
  const noted = notes.map((note) => `${note}\n\n`).join("");
  return `Keyhold ${version}\n${sentence} ${promise}\n\n${shown}\n${noted}${parts.join("\n")}\n# In a browser\n${places}`;
}
