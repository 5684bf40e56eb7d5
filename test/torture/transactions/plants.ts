// What the method has to find: a proxy before the server that tells one number wrong, or takes apart what belongs together.
import type { KeptAnswer } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Meddle } from "../meddling-proxy.ts";
import type { Plant } from "../method.ts";

export const PLANTS: readonly Plant[] = [
  {
    name: "altered-result",
    summary: "a proxy that changes one result of a transaction by one",
    finds: /In the order of revisions|No state/,
    rounds: 1,
  },
  {
    name: "split-batch",
    summary: "a proxy that makes two writes of a PUT of several entries",
    finds: /In the order of revisions|No state/,
    rounds: 1,
  },
  {
    name: "split-read",
    summary: "a proxy that reads several entries one after the other",
    finds: /In the order of revisions|No state/,
    rounds: 1,
  },
];

const RARITY = 10;

/** By the name of the plant. */
export const MEDDLING: Readonly<Record<string, (random: SeededRandom) => Meddle>> = {
  "altered-result":
    (random) =>
    async ({ request, target, ask }) => {
      const answer = await ask(request);
      if (target !== "/-/txn" || answer.status !== 200 || !random.oneIn(RARITY)) return answer;
      // As long as it was.
      const body = answer.body.replace(/("incr": \{"key": "\w+", "value": -?\d*)(\d)/, (_, before, digit) => {
        return `${before}${digit === "9" ? 8 : Number(digit) + 1}`;
      });
      return { ...answer, body };
    },
  "split-batch":
    () =>
    async ({ request, method, target, ask }) => {
      const [first, ...rest] = pairsOf(target);
      if (method !== "PUT" || first === undefined || rest.length === 0) return ask(request);
      const begun = await ask(request.replace(target, `/keys?${first}`));
      const ended = await ask(request.replace(target, `/keys?${rest.join("&")}`));
      return withBody(ended, `{${bodyOf(begun)}, ${bodyOf(ended)}}`);
    },
  "split-read":
    () =>
    async ({ request, method, target, ask }) => {
      const [, ...keys] = pairsOf(target);
      if (method !== "GET" || keys.length < 2) return ask(request);
      const answers: KeptAnswer[] = [];
      for (const key of keys) answers.push(await ask(request.replace(target, `/keys?meta&${key}`)));
      const [first] = answers;
      const shown = answers.map(bodyOf).filter((each) => each !== "");
      return first === undefined ? ask(request) : withBody(first, `[${shown.join(", ")}]`);
    },
};

function pairsOf(target: string): readonly string[] {
  return target.startsWith("/keys?") ? target.slice("/keys?".length).split("&") : [];
}

/** Without the brackets around it. */
function bodyOf({ body }: KeptAnswer): string {
  return body.trim().slice(1, -1);
}

function withBody({ status, head }: KeptAnswer, body: string): KeptAnswer {
  return { status, head: head.replace(/Content-Length: \d+/, `Content-Length: ${body.length}`), body };
}
