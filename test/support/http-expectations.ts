// What HTTP tests look at again and again in an answer.
import { expect } from "bun:test";
import { ERRORS, type ErrorCode } from "../../src/core/errors.ts";
import { STATUS } from "../../src/http/problem.ts";
import type { Http, HttpAnswer } from "./http-client.ts";

/** The problem document of an answer, after seeing that it is one, whole and of this code. */
export function expectProblem(answer: HttpAnswer, code: ErrorCode): Readonly<Record<string, unknown>> {
  expect(`${answer.status} ${answer.headers["content-type"]} ${answer.text}`).toMatch(
    new RegExp(`^${STATUS[code]} application/problem\\+json \\{.*"code":"${code}"`),
  );
  // Bun's toMatchObject() writes the matchers into what it is given, so it gets an object of its own.
  expect(JSON.parse(answer.text)).toMatchObject({
    type: `/-/problems/${code}`,
    title: ERRORS[code].title,
    status: STATUS[code],
    code,
    instance: expect.stringMatching(/^[\w.-]{1,64}$/),
    detail: expect.stringMatching(/^[A-Z].*[^.]$/s),
  });
  return JSON.parse(answer.text);
}

/** All that a listing and the counts of the server show: equal before and after whatever changes nothing. */
export async function stateOf(http: Http): Promise<string> {
  return `${(await infoOf(http)).store["revision"]} ${await http.text("/keys?meta")}`;
}

export interface ServerInfo {
  readonly now: string;
  readonly store: Readonly<Record<string, unknown>>;
  readonly limits: Readonly<Record<string, unknown>>;
}

export async function infoOf(http: Http): Promise<ServerInfo> {
  return JSON.parse(await http.text("/-/info"));
}

/** The server's own clock. */
export async function nowMs(http: Http): Promise<number> {
  return Date.parse((await infoOf(http)).now);
}

/** The text of a field, where its absence would be a mistake of the test. */
export function fieldOf(answer: HttpAnswer, name: string): string {
  const value = answer.headers[name];
  if (value === undefined) throw new Error(`The answer has no field ${name}: ${JSON.stringify(answer.headers)}`);
  return value;
}

const PATIENCE_MS = 10_000;

/** Asks until the answer is as wanted, letting the server's time pass in between. @throws when it is not in PATIENCE_MS */
export async function untilAnswered(
  ask: () => Promise<HttpAnswer>,
  isWanted: (answer: HttpAnswer) => boolean,
  step: () => Promise<void>,
): Promise<HttpAnswer> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > givenUpAt) throw new Error(`Still answered ${answer.status}: ${answer.text}`);
    await step();
  }
}
