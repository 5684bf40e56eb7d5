// The server keeps the HTTP contract over a socket, on the sqlite engine.
import { withSqliteServer } from "../support/http-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpSuite } from "./http.suite.ts";

httpSuite("http over a socket, sqlite", withSqliteServer);
transportSuite("http transport, sqlite", "keyhold", withSqliteServer);
