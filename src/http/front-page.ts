// `GET /`: what Keyhold is, in curl lines that work as they stand; text for a terminal, a page with the same for a browser.
import type { Capabilities } from "../store/store.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { negotiate } from "./accept.ts";
import { exampleOrigin } from "./example-origin.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { escapeHtml, HTML_HEADERS, htmlPage } from "./html.ts";

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

export interface FrontPageFacts {
  readonly version: string;
  readonly durability: Capabilities["durability"];
}

export function frontPage(incoming: Incoming, facts: FrontPageFacts): Reply {
  const origin = exampleOrigin(incoming);
  const common = { [FIELD.cacheControl]: "no-cache", [FIELD.vary]: "Accept" };
  if (negotiate(incoming.header(FIELD.accept), [MEDIA.plain, MEDIA.html]) === MEDIA.html) {
    return {
      status: 200,
      headers: { ...common, ...HTML_HEADERS, [FIELD.contentType]: MEDIA.html },
      body: asHtml(origin, facts),
    };
  }
  return { status: 200, headers: { ...common, [FIELD.contentType]: MEDIA.plain }, body: asText(origin, facts) };
}

function asText(origin: string, { version, durability }: FrontPageFacts): string {
  const chapters = CHAPTERS.map(({ title, lines }) => `# ${title}\n${lines(origin).join("\n")}\n`);
  return `Keyhold ${version}\n${SENTENCE} ${PROMISES[durability]}\n\n${chapters.join("\n")}`;
}

function asHtml(origin: string, { version, durability }: FrontPageFacts): string {
  const chapters = CHAPTERS.map(
    ({ title, lines }) => `<h2>${escapeHtml(title)}</h2>\n<pre>${escapeHtml(lines(origin).join("\n"))}</pre>`,
  );
  const links = `<p><a href="/keys">/keys</a> lists what is kept, <a href="/-/info">/-/info</a> tells of the server.</p>`;
  return htmlPage(
    "Keyhold",
    `<h1>Keyhold ${escapeHtml(version)}</h1>\n<p>${SENTENCE} ${PROMISES[durability]}</p>\n${chapters.join("\n")}\n${links}`,
  );
}
