// Listings, as far as the HTTP suite does not reach: keys whose bytes a decoder might take for something else.
import { expect, test } from "bun:test";
import { withAppInProcess } from "../../test/support/http-harness.ts";

test("a page that ends at a key beginning with U+FEFF is followed by the next one, not by itself", async () => {
  await withAppInProcess(async ({ http }) => {
    const keys = ["a", "b", "\ufeffa", "\ufeffb"];
    await http.postJson("/keys", JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1]))));
    const { headers } = await http.get("/keys?limit=3&keys");
    const next = /<([^>]+)>/.exec(headers["link"] ?? "")?.[1] ?? "";
    expect(await http.json(next)).toEqual(["\ufeffb"]);
  });
});
