// The server waits and tells of itself as the HTTP contract says when several threads serve the port: each request may come to
// another of them.
import type { WithServer } from "../support/http-harness.ts";
import { withSqliteServer } from "../support/http-harness.ts";
import { httpPartSuite } from "./http-part.suite.ts";

const withWorkers: WithServer = (body, flags = {}) => withSqliteServer(body, { workers: "2", ...flags });

httpPartSuite("http over a socket, sqlite, two serving threads", withWorkers);
