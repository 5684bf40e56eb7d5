// The handlers keep the HTTP contract without a socket, and every answer is as the OpenAPI document says. What that says and
// this suite does not ask is asked by those of test/openapi, so that in the end nothing is said that was not seen.
import { describe, expect, test } from "bun:test";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { refusalsSuite } from "../openapi/refusals.suite.ts";
import { samplesSuite } from "../openapi/samples.suite.ts";
import { Contract, type OpenApi } from "../support/contract.ts";
import { withAppInProcess } from "../support/http-harness.ts";
import { httpSuite } from "./http.suite.ts";

const document: OpenApi = JSON.parse(JSON.stringify(openApiDocument(ROUTES, { version: "0.0.0", serverUrl: "/" })));
const contract = new Contract(document);

httpSuite("http in process", contract.over(withAppInProcess));
describe("what an operation may be refused with", () => refusalsSuite(contract));
describe("the curl lines of the OpenAPI document", () => samplesSuite(contract));

test("the OpenAPI document says nothing of a route that it was not seen to answer", () => {
  console.log(`OpenAPI: ${contract.exchanges} answers are as the document says`);
  expect(contract.unseen).toEqual([]);
});
