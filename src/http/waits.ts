// `?wait=`: how long a read may stand until there is something new to answer (contract §12), and where in the change log a
// wait or a watch begins.
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import type { Since } from "../service/watch/feed.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";

const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
const FROM_START = "0";
const FROM_NOW = "now";

/** The time to wait; null where none is asked for. @throws "invalid-parameter" */
export function readWaitMs(parameters: Parameters): number | null {
  const text = parameters.one("wait");
  if (text === null) return null;
  const seconds = SECONDS.test(text) ? Number(text) : Number.NaN;
  if (seconds <= LIMITS.waitSeconds) return Math.ceil(seconds * 1000);
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use wait=${quote(text)}: seconds from 0 to ${LIMITS.waitSeconds} are needed, decimals allowed`,
    { parameter: "wait", limit: LIMITS.waitSeconds },
  );
}

/** Where a wait or watch begins; the field, which a client sends when it connects again, before the parameter. */
export function readSince(parameters: Parameters, incoming: Incoming): Since {
  const since = parameters.one("since");
  const lastEventId = readLastEventId(incoming);
  if (lastEventId !== null) return { cursor: lastEventId };
  if (since === null || since === FROM_NOW) return "now";
  return since === FROM_START ? "snapshot" : { cursor: since };
}

/**
 * What is read from there on, for a client that may have given a place that is none.
 *
 * @throws "invalid-parameter", "invalid-header" in place of "invalid-request", as the place was given
 */
export async function readFromSince<T>(reading: Promise<T>, incoming: Incoming): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof KeyholdError) || error.code !== "invalid-request") throw error;
    if (readLastEventId(incoming) !== null)
      throw new KeyholdError("invalid-header", `${FIELD.lastEventId}: ${error.detail}`);
    throw new KeyholdError("invalid-parameter", error.detail, { parameter: "since" });
  }
}

/** An empty one is what a browser sends that has seen no id yet. */
function readLastEventId(incoming: Incoming): string | null {
  return incoming.header(FIELD.lastEventId) || null;
}
