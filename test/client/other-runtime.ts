// The program by which the suite runs in another runtime than Bun: `node program.mjs CLIENT PLACE`, where the first is the URL of
// the built client and the second where the servers are, as JSON. It prints a line of JSON for each case.
import type { Api } from "./client-case.ts";
import { CASES, runCase } from "./run-cases.ts";

export interface CaseResult {
  readonly name: string;
  /** Null for a case that passed. */
  readonly failure: string | null;
}

const [client = "", place = "{}"] = process.argv.slice(2);
const api: Api = await import(client);
await Promise.all(
  CASES.map(async (each) => {
    const failure = await runCase(api, JSON.parse(place), each).then(() => null, describe);
    const result: CaseResult = { name: each.name, failure };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }),
);

function describe(error: unknown): string {
  return error instanceof Error ? `${error.stack}\n${String(error.cause ?? "")}` : String(error);
}
