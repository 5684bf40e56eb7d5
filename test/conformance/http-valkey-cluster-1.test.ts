// The server keeps the HTTP contract over a socket, on a Valkey cluster in one partition: what it reads and writes is as on one
// server, of whose contract http-valkey-standalone.test.ts has all; the store itself is held to all of its own here too.
import { nameOf, startBeforehand, withValkeyServer } from "../support/valkey-harness.ts";
import { transportSuite } from "./http/transport.suite.ts";
import { httpPartSuite } from "./http-part.suite.ts";

startBeforehand("cluster");

const SETTING = { topology: "cluster", partitions: 1 } as const;

httpPartSuite(nameOf(SETTING), withValkeyServer(SETTING));
transportSuite(`http transport, ${nameOf(SETTING)}`, "keyhold", withValkeyServer(SETTING));
