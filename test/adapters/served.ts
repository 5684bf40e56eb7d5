// What the suites of this folder are given: a server that has been started by the time a test runs.
import type { Keyhold } from "../../src/client/keyhold.ts";

export interface Served {
  readonly url: () => string;
  /** A client of its own for each call. */
  readonly client: () => Keyhold;
}

/** Where nothing listens. */
export const NOWHERE = "http://127.0.0.1:1";
