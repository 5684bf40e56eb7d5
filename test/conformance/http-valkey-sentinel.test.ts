// The server keeps the HTTP contract over a socket, on a Valkey server that Sentinels watch over.
import { nameOf, startBeforehand, withValkeyServer } from "../support/valkey-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpSuite } from "./http.suite.ts";

startBeforehand("sentinel");

const SETTING = { topology: "sentinel", partitions: 1 } as const;

httpSuite(nameOf(SETTING), withValkeyServer(SETTING));
transportSuite(`http transport, ${nameOf(SETTING)}`, "keyhold", withValkeyServer(SETTING));
