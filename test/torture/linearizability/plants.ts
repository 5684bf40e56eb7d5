// What the live run has to find: a proxy before the server that breaks the promise in the server's place.
import type { KeptAnswer } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Meddle } from "../meddling-proxy.ts";
import type { Plant } from "../method.ts";

export const PLANTS: readonly Plant[] = [
  {
    name: "stale-read",
    summary: "a proxy that answers a GET with what it was told before",
    finds: /No order explains/,
    rounds: 1,
  },
  {
    name: "stale-304",
    summary: "a proxy that says of each tag it is asked with that it is still the entry's",
    finds: /No order explains/,
    rounds: 1,
  },
  {
    name: "counted-twice",
    summary: "a proxy that sends a counter's step twice",
    finds: /No order explains/,
    rounds: 1,
  },
  {
    name: "dropped-write",
    summary: "a proxy that answers a PUT with success and drops it",
    finds: /No order explains/,
    rounds: 1,
  },
];

/** It meddles with one request in so many of those that it could meddle with. */
const RARITY = 4;

/** By the name of the plant. */
export const MEDDLING: Readonly<Record<string, (random: SeededRandom) => Meddle>> = {
  "stale-read": (random) => {
    const before = new Map<string, KeptAnswer>();
    return async ({ request, method, target, ask }) => {
      const isRead = method === "GET" && !request.includes("If-None-Match");
      const old = before.get(target);
      if (isRead && old !== undefined && random.oneIn(RARITY)) return old;
      const answer = await ask(request);
      if (isRead && (old === undefined || random.oneIn(RARITY))) before.set(target, answer);
      return answer;
    };
  },
  "stale-304":
    (random) =>
    async ({ request, ask }) => {
      const [, tag] = /\r\nIf-None-Match: (".*?")\r\n/.exec(request) ?? [];
      if (tag === undefined || !request.startsWith("GET ") || !random.oneIn(RARITY)) return ask(request);
      return { status: 304, head: `HTTP/1.1 304 Not Modified\r\nETag: ${tag}`, body: "" };
    },
  "counted-twice":
    (random) =>
    async ({ request, method, ask }) => {
      if (method === "PATCH" && request.includes("cr=") && random.oneIn(RARITY)) await ask(request);
      return ask(request);
    },
  "dropped-write": (random) => {
    const before = new Map<string, KeptAnswer>();
    return async ({ request, method, target, ask }) => {
      const isPut = method === "PUT" && !request.includes("If-");
      const old = before.get(target);
      if (isPut && old !== undefined && random.oneIn(RARITY)) return old;
      const answer = await ask(request);
      if (isPut && answer.status === 204) before.set(target, answer);
      return answer;
    };
  },
};
