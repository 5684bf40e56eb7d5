// The published suite of Keyv, unmodified, against our store for Keyv 5 as it is built. Run by vitest, on Bun and on Node, from
// adapters.test.ts: its callbacks take a parameter, which Bun's own test runner takes for something else.

import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import { Keyhold } from "keyhold/client";
import { KeyholdKeyv } from "keyhold/keyv";
import Keyv from "keyv";
import * as test from "vitest";

const client = new Keyhold(process.env["KEYHOLD_URL"] ?? "");
const store = () => new KeyholdKeyv({ client, prefix: "published/" });

keyvTestSuite(test, Keyv, store);
keyvIteratorTests(test, Keyv, store);
