// The plants: a proxy before a sound server that does one thing wrong, as a server might. It sees one request at a time, each in one
// piece, as the lanes send them.
import { addressOf, startTcpProxy } from "../../support/tcp-proxy.ts";
import type { Plant } from "../method.ts";

interface Meddler {
  readonly plant: Plant;
  /** The request as the server gets it. */
  readonly request: (text: string) => string;
  /** The answer as the client gets it, given the request. */
  readonly answer: (text: string, request: string) => string;
}

const same = (text: string) => text;

/** Of a range that names its last octet, and more than one. */
const LAST_OCTET = /(\r\nRange: bytes=\d+-)([1-9]\d*)/;

/** Most are found in a few sequences, where the run ends; some draws take ten times as many. */
const ROUNDS = 400;
/** What is planted stands before the server, whatever its store: all of them on one, the first on every one. */
const ON = ["sqlite"];

function dropping(field: string, plant: Omit<Plant, "rounds">): Meddler {
  const line = new RegExp(`\r\n${field}: [^\r]*`, "g");
  return {
    plant: { ...plant, rounds: ROUNDS },
    request: (text) => text.replace(line, ""),
    answer: same,
  };
}

function makeMeddlers(): readonly Meddler[] {
  return [
    dropping("If-None-Match", {
      name: "condition-dropped",
      summary: "If-None-Match is not looked at",
      finds: /expected (?:304|412), got/,
    }),
    dropping("Idempotency-Key", {
      name: "write-made-twice",
      summary: "what is sent again is made again",
      finds: /: (?:expected|status)/,
      on: ON,
    }),
    {
      plant: {
        name: "stale-answer",
        summary: "an old answer to a read is given again",
        finds: /read again at .* expected/,
        rounds: ROUNDS,
        on: ON,
      },
      request: same,
      answer: makeStaleAnswers(),
    },
    {
      plant: {
        name: "number-rounded",
        summary: "a long number in JSON is rounded",
        finds: /got .*106242075399214370000/,
        rounds: ROUNDS,
        on: ON,
      },
      request: same,
      answer: (text) => text.replaceAll("106242075399214372653", "106242075399214370000"),
    },
    {
      plant: {
        name: "range-cut-short",
        summary: "a range ends one byte early",
        finds: /content-range/,
        rounds: ROUNDS,
        on: ON,
      },
      request: (text) => text.replace(LAST_OCTET, (_, before, last) => `${before}${Number(last) - 1}`),
      answer: same,
    },
  ];
}

export const PLANTS: readonly Plant[] = makeMeddlers().map(({ plant }) => plant);

/** For the length of `body`. */
export async function withMeddlingProxy(
  name: string,
  url: string,
  body: (proxyUrl: string) => Promise<void>,
): Promise<void> {
  const meddler = makeMeddlers().find(({ plant }) => plant.name === name);
  if (meddler === undefined) throw new Error(`No plant is called ${name}`);
  const proxy = await startTcpProxy(
    () => addressOf(url),
    ({ client, upstream }) => {
      for (const socket of [client, upstream]) socket.setEncoding("latin1");
      let request = "";
      client.on("data", (text: string) => {
        request = text;
        upstream.write(meddler.request(text), "latin1");
      });
      upstream.on("data", (text: string) => client.write(meddler.answer(text, request), "latin1"));
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.end());
    },
  );
  try {
    await body(proxy.url);
  } finally {
    await proxy.close();
  }
}

/** Every fifth time, what was answered to the same request the time before. */
function makeStaleAnswers(): Meddler["answer"] {
  const answers = new Map<string, string>();
  let reads = 0;
  return (text, request) => {
    if (!request.startsWith("GET ")) return text;
    const earlier = answers.get(request);
    answers.set(request, text);
    reads++;
    return reads % 5 === 0 && earlier !== undefined ? earlier : text;
  };
}
