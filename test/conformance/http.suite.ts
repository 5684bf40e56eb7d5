// The HTTP contract, a test for each of its sentences, whatever carries the requests: in process or over a socket, on any
// engine. What only a socket can show stands in http/transport.suite.ts.
import { describe } from "bun:test";
import type { WithServer } from "../support/http-harness.ts";
import { talliedServer, tallySuite } from "../support/suite-tally.ts";
import { collectionPatchesSuite } from "./http/collection-patches.suite.ts";
import { conditionsSuite } from "./http/conditions.suite.ts";
import { deletionsSuite } from "./http/deletions.suite.ts";
import { entriesSuite } from "./http/entries.suite.ts";
import { expirySuite } from "./http/expiry.suite.ts";
import { formPatchesSuite } from "./http/form-patches.suite.ts";
import { idempotencySuite } from "./http/idempotency.suite.ts";
import { jsonPatchesSuite } from "./http/json-patches.suite.ts";
import { keysSuite } from "./http/keys.suite.ts";
import { listingsSuite } from "./http/listings.suite.ts";
import { malformedSuite } from "./http/malformed.suite.ts";
import { manyWritesSuite } from "./http/many-writes.suite.ts";
import { partitionsSuite } from "./http/partitions.suite.ts";
import { problemsSuite } from "./http/problems.suite.ts";
import { rangesSuite } from "./http/ranges.suite.ts";
import { representationsSuite } from "./http/representations.suite.ts";
import { serverSuite } from "./http/server.suite.ts";
import { transactionsSuite } from "./http/transactions.suite.ts";
import { valuesSuite } from "./http/values.suite.ts";
import { waitsSuite } from "./http/waits.suite.ts";
import { watchSuite } from "./http/watch.suite.ts";

export function httpSuite(name: string, make: WithServer): void {
  const withServer = talliedServer(make);
  describe(name, () => {
    tallySuite(`${name}: HTTP suite`);
    describe("keys", () => keysSuite(withServer));
    describe("representations", () => representationsSuite(withServer));
    describe("/{key}", () => valuesSuite(withServer));
    describe("ranges", () => rangesSuite(withServer));
    describe("/keys/{key}", () => entriesSuite(withServer));
    describe("listings", () => listingsSuite(withServer));
    describe("writes of many", () => manyWritesSuite(withServer));
    describe("deletions of many", () => deletionsSuite(withServer));
    describe("expiry", () => expirySuite(withServer));
    describe("conditions", () => conditionsSuite(withServer));
    describe("waiting", () => waitsSuite(withServer));
    describe("watching", () => watchSuite(withServer));
    describe("patches by a form", () => formPatchesSuite(withServer));
    describe("JSON patches", () => jsonPatchesSuite(withServer));
    describe("patches of many", () => collectionPatchesSuite(withServer));
    describe("transactions", () => transactionsSuite(withServer));
    describe("partitions", () => partitionsSuite(withServer));
    describe("idempotency", () => idempotencySuite(withServer));
    describe("problems", () => problemsSuite(withServer));
    describe("malformed input", () => malformedSuite(withServer));
    describe("the server itself", () => serverSuite(withServer));
  });
}
