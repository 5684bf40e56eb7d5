// The adapters of src/adapters on one real server, as the libraries that they are for use them: their own published suites where
// there are any, and what those do not ask.
import { afterAll, beforeAll, describe } from "bun:test";
import { Keyhold } from "../../src/client/keyhold.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { betterAuthSuite } from "./better-auth-suite.ts";
import { examplesSuite } from "./examples-suite.ts";
import { expressRateLimitSuite } from "./express-rate-limit-suite.ts";
import { expressSessionSuite } from "./express-session-suite.ts";
import { keyvSuite } from "./keyv-suite.ts";
import { rateLimiterSuite } from "./rate-limiter-suite.ts";
import { typesSuite } from "./types-suite.ts";
import { unstorageSuite } from "./unstorage-suite.ts";

let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(["--store", "memory:"]);
});

afterAll(async () => {
  server.kill("SIGKILL");
  await server.exited;
});

const url = () => server.url;
const client = () => new Keyhold(server.url);

describe("the stores for Keyv", () => keyvSuite({ url, client }));
describe("the driver for unstorage", () => unstorageSuite({ url, client }));
describe("the session store for Express", () => expressSessionSuite({ url, client }));
describe("the rate limiters", () => rateLimiterSuite({ url, client }));
describe("the store for express-rate-limit", () => expressRateLimitSuite({ url, client }));
describe("the secondary storage for better-auth", () => betterAuthSuite({ url, client }));
describe("the examples", () => examplesSuite({ url, client }));
describe("the types", () => typesSuite());
