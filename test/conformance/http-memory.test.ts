// The server keeps the HTTP contract over a socket on the runtime's own HTTP, and on the memory engine. On our own transport it
// is held to it by http-sqlite.test.ts.
import { type WithServer, withMemoryServer } from "../support/http-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpSuite } from "./http.suite.ts";

const withServer: WithServer = (body, flags = {}) => withMemoryServer(body, { transport: "bun", ...flags });

httpSuite("http over Bun's transport, memory", withServer);
transportSuite("Bun's transport, memory", "bun", withServer);
