// What is sent again, and what is not: by what has gone wrong, and by whether the request does harm twice.
import { describe, expect, test } from "bun:test";
import { KeyholdError } from "./errors.ts";
import { pauseBeforeNext, readRetryPolicy } from "./retry.ts";

const POLICY = readRetryPolicy(undefined);
const answered = (code: string, status: number) => new KeyholdError(code, "", { status });

/** What went wrong; whether it is sent again where it does no harm twice, and where it may. */
const ROWS: readonly [string, KeyholdError, boolean, boolean][] = [
  ["no answer", new KeyholdError("unreachable", ""), true, false],
  ["no answer in time", new KeyholdError("timeout", ""), true, false],
  ["a full queue", answered("busy", 503), true, true],
  ["an engine that is away", answered("unavailable", 503), true, true],
  ["too many requests", answered("too-many-requests", 429), true, true],
  ["a proxy that refuses", answered("unexpected-answer", 503), true, false],
  ["a proxy that gave up", answered("unexpected-answer", 504), true, false],
  ["an outcome that nobody knows", answered("outcome-unknown", 504), true, false],
  ["a condition that does not hold", answered("precondition-failed", 412), false, false],
  ["a fault of the server", answered("internal", 500), false, false],
  ["a call that makes no sense", new KeyholdError("invalid-call", ""), false, false],
];

describe.each(ROWS)("behind %s", (_, error, repeated, sentOnceMore) => {
  test(`what does no harm twice is ${repeated ? "" : "not "}sent again`, () => {
    expect(pauseBeforeNext(error, { tries: 1, isRepeatable: true }, POLICY) !== null).toBe(repeated);
  });

  test(`anything else is ${sentOnceMore ? "" : "not "}sent again`, () => {
    expect(pauseBeforeNext(error, { tries: 1, isRepeatable: false }, POLICY) !== null).toBe(sentOnceMore);
  });

  test("what may have been done in part is sent again only if it does no harm twice", () => {
    const call = { tries: 1, isRepeatable: false, mayBePartial: true };
    expect(pauseBeforeNext(error, call, POLICY)).toBeNull();
  });
});

test("nothing is sent more often than there are tries", () => {
  const busy = answered("busy", 503);
  expect(pauseBeforeNext(busy, { tries: POLICY.tries - 1, isRepeatable: true }, POLICY)).not.toBeNull();
  expect(pauseBeforeNext(busy, { tries: POLICY.tries, isRepeatable: true }, POLICY)).toBeNull();
});
