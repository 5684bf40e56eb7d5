// What the front page says of the server, in both of its forms, and what it keeps from those who may not know.
import { describe, expect, test } from "bun:test";
import { toIncoming } from "../../test/support/http-harness.ts";
import { type FrontPageFacts, frontPage } from "./front-page.ts";

const FACTS: FrontPageFacts = {
  version: "1.2.3",
  engine: "sqlite",
  durability: "power-loss",
  unreadyReason: null,
  entries: 1_234_567,
  asksForToken: false,
};

function pageOf(accept: string, changed: Partial<FrontPageFacts> = {}): string {
  const request = { method: "GET", target: "/", headers: { Accept: accept }, body: null };
  const { body } = frontPage(toIncoming(request, new AbortController().signal), { ...FACTS, ...changed });
  return String(body);
}

describe.each(["text/plain", "text/html"])("as %s", (accept) => {
  test("it says version, store, and how many entries there are", () => {
    const page = pageOf(accept);
    for (const said of ["1.2.3", "Ready", "sqlite", "1,234,567", "/-/console", "/-/docs", "/keys"]) {
      expect(page).toContain(said);
    }
  });

  test("it says why the server is not ready", () => {
    const page = pageOf(accept, { unreadyReason: "The server is stopping" });
    expect(page).toContain("The server is stopping");
    expect(page).not.toMatch(/\bReady\b/);
  });

  test("it says how to send a token where one is asked for, and leads to nothing that would be refused", () => {
    const page = pageOf(accept, { asksForToken: true, engine: null, entries: null });
    expect(page).toContain("--oauth2-bearer TOKEN");
    expect(page).not.toMatch(/\bEntries|\bStore\b/);
    expect(page).not.toMatch(/href="\/keys"|^Metrics/m);
  });
});

test("the text has no colour, and the page no script", () => {
  expect(pageOf("text/plain")).not.toContain("\u001b");
  expect(pageOf("text/html")).not.toContain("<script");
});
