// The curl lines of the OpenAPI document, run by bash against a server on disk that asks for a token, each answer held to the
// document. No line is changed but for where the server is; curl is given the token, and asked for the head, by a function
// of the shell that stands before it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXAMPLE_ORIGIN } from "../../src/http/example-origin.ts";
import type { Contract } from "../support/contract.ts";
import { type HttpAnswer, makeAnswer } from "../support/http-client.ts";
import { runCommand } from "../support/run-command.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const SECRET = `kh_${"A".repeat(43)}`;
/** The answer to the curl that ended last is left in two files. */
const CURL = `curl() {
  local made=$(mktemp -d ./answer.XXXXXX)
  command curl -sS --oauth2-bearer ${SECRET} -D "$made/head" "$@" | tee "$made/body"
  mv "$made/head" "$made/body" .
}`;

export function samplesSuite(contract: Contract): void {
  const top = makeTemporaryDirectory();
  let server: ServerProcess;
  const samples = contract.operations.flatMap(({ method, pattern, operation }) =>
    operation["x-codeSamples"].map((sample) => ({ method, pattern, ...sample, status: sample["x-status"] })),
  );

  beforeAll(async () => {
    writeFileSync(join(top, "secret"), SECRET);
    const store = `sqlite:${join(top, "store")}`;
    server = await startServerProcess(["--store", store, "--admin-token-file", join(top, "secret")]);
  });

  afterAll(async () => {
    server.kill("SIGTERM");
    await server.exited;
    removeTemporaryDirectory(top);
  });

  test("every operation has one", () => {
    const without = contract.operations.filter(({ operation }) => operation["x-codeSamples"].length === 0);
    expect(without).toEqual([]);
  });

  test.each(samples)("$method $pattern, $label", async ({ method, pattern, source, status }) => {
    const everything = { method: "DELETE", headers: { Authorization: `Bearer ${SECRET}` } };
    expect((await fetch(`${server.url}/keys`, everything)).status).toBe(200);
    const script = `${CURL}\n${source.replaceAll(EXAMPLE_ORIGIN, server.url)}\n`;
    const { error } = await runCommand(["bash", "--norc", "-uc", script], { directory: top });
    const answer = readAnswer(top);
    expect({ status: answer.status, error }).toEqual({ status, error: expect.any(String) });
    contract.check({ method, target: pattern.replaceAll(/\{\w+\}/g, "x"), headers: {}, body: null }, answer);
  });
}

function readAnswer(directory: string): HttpAnswer {
  const heads = readFileSync(join(directory, "head"), "latin1").trimEnd().split("\r\n\r\n");
  const [first = "", ...fields] = (heads.at(-1) ?? "").split("\r\n");
  const named = fields.map((field): [string, string] => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return makeAnswer(Number(first.split(" ")[1]), Object.fromEntries(named), readFileSync(join(directory, "body")));
}
