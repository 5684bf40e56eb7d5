// A client that is a program of its own, in whatever language: it reads a request as a line of JSON from its standard input
// and writes the answer as a line of JSON. What it cannot do it says by ending, with the reason on its standard error.

import { linesOf } from "../../support/lines-of.ts";
import type { Ability, WireAnswer, WireClient } from "./wire-client.ts";

export interface LineProgram {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly abilities: readonly Ability[];
}

export function startLineClient({ command, environment, abilities }: LineProgram): WireClient {
  const child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe", env: { ...environment } });
  const lines = linesOf(child.stdout);
  const complaints = new Response(child.stderr).text();
  const hear = async () => {
    const { done, value } = await lines.next();
    if (done !== true) return value;
    throw new Error(`${command.join(" ")} ended: ${await complaints}`);
  };
  const say = async (message: object) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    await child.stdin.flush();
  };
  const ask: WireClient["ask"] = async (request) => {
    await say({ op: "ask", ...request });
    const answer: WireAnswer = JSON.parse(await hear());
    return answer;
  };
  return {
    abilities,
    connectionsMax: 1,
    ask,
    async askTimes(request, times) {
      const statuses: number[] = [];
      for (let done = 0; done < times; done++) statuses.push((await ask(request)).status);
      return statuses;
    },
    async watch(url, change) {
      await say({ op: "watch", url });
      await hear();
      await change();
      const seen: { readonly text: string } = JSON.parse(await hear());
      return seen.text;
    },
    async close() {
      await child.stdin.end();
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}
