// The server keeps the HTTP contract over a socket, on a Valkey cluster in as many partitions as it has there by default.
import { nameOf, startBeforehand, withValkeyServer } from "../support/valkey-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpSuite } from "./http.suite.ts";

startBeforehand("cluster");

const SETTING = { topology: "cluster", partitions: 64 } as const;

httpSuite(nameOf(SETTING), withValkeyServer(SETTING));
transportSuite(`http transport, ${nameOf(SETTING)}`, "keyhold", withValkeyServer(SETTING));
