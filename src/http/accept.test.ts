// Negotiation by Accept (RFC 9110 §12.5.1), the corners that no route of ours shows.
import { expect, test } from "bun:test";
import { negotiate } from "./accept.ts";

const OFFERS = ["application/json", "text/plain; charset=utf-8", "text/html"] as const;
const [JSON_OFFER, PLAIN, HTML] = OFFERS;

test.each([
  [null, JSON_OFFER],
  ["*/*", JSON_OFFER],
  ["text/html", HTML],
  ["TEXT/HTML", HTML],
  ["text/*", PLAIN],
  ["text/html, text/plain", PLAIN],
  ["text/html;q=1, text/plain;q=0.999", HTML],
  ["text/*;q=0.5, text/html;q=0.1, */*;q=0.2", PLAIN],
  ["application/json;q=0, */*", PLAIN],
  ["*/*;q=0", null],
  ["image/png", null],
  ["text/html;level=1;q=0.4, text/plain;q=0.3", HTML],
  ["text/html ; q=0.2 , text/plain ; q=0.3", PLAIN],
  ["text/html;q=2", HTML],
  ["nonsense", null],
  ["", JSON_OFFER],
  [" , ,", JSON_OFFER],
  [", text/html ,", HTML],
])("%j chooses %j", (accept, chosen) => {
  expect(negotiate(accept, OFFERS)).toBe(chosen);
});

test("nothing is chosen where nothing is offered", () => {
  expect(negotiate("*/*", [])).toBeNull();
});
