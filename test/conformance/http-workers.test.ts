// The part of the HTTP contract in which one request waits for another, or for what the server says of itself, when several
// threads serve the port: each request may come to another of them. WHOLE=1 runs all of the contract, which takes minutes.
import { describe } from "bun:test";
import type { WithServer } from "../support/http-harness.ts";
import { withSqliteServer } from "../support/http-harness.ts";
import { serverSuite } from "./http/server.suite.ts";
import { waitsSuite } from "./http/waits.suite.ts";
import { httpSuite } from "./http.suite.ts";

const withWorkers: WithServer = (body, flags = {}) => withSqliteServer(body, { workers: "2", ...flags });

if (process.env["WHOLE"] !== undefined) httpSuite("http over a socket, sqlite, two serving threads", withWorkers);
else {
  describe("http over a socket, sqlite, two serving threads", () => {
    describe("waiting", () => waitsSuite(withWorkers));
    describe("the server itself", () => serverSuite(withWorkers));
  });
}
