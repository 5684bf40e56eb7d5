// The server keeps the HTTP contract over a socket, on one Valkey server.
import { nameOf, startBeforehand, withValkeyServer } from "../support/valkey-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpSuite } from "./http.suite.ts";

startBeforehand("standalone");

const SETTING = { topology: "standalone", partitions: 1 } as const;

httpSuite(nameOf(SETTING), withValkeyServer(SETTING));
transportSuite(`http transport, ${nameOf(SETTING)}`, "keyhold", withValkeyServer(SETTING));
