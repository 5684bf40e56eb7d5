// The server keeps the HTTP contract over a socket, on the memory engine.
import { withMemoryServer } from "../support/http-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpSuite } from "./http.suite.ts";

httpSuite("http over a socket, memory", withMemoryServer);
transportSuite("http transport, memory", withMemoryServer);
