// The part of the HTTP contract in which one request waits for another, or for what the server says of itself. For servers that
// differ in nothing else from one that is held to all of the contract; WHOLE=1 holds them to all of it, which takes minutes.
import { describe } from "bun:test";
import type { WithServer } from "../support/http-harness.ts";
import { serverSuite } from "./http/server.suite.ts";
import { waitsSuite } from "./http/waits.suite.ts";
import { httpSuite } from "./http.suite.ts";

export function httpPartSuite(name: string, withServer: WithServer): void {
  if (process.env["WHOLE"] !== undefined) httpSuite(name, withServer);
  else {
    describe(name, () => {
      describe("waiting", () => waitsSuite(withServer));
      describe("the server itself", () => serverSuite(withServer));
    });
  }
}
