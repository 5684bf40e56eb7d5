// The console in a real browser, against a real server. All tests share one browser and one server, and keep to keys of
// their own. They need what scripts/build.ts makes.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testAccessibility } from "./accessibility.ts";
import { testBrowsing } from "./browsing.ts";
import { testEditing } from "./editing.ts";
import { testServing } from "./serving.ts";
import { chromiumPath, Stage } from "./stage.ts";

setDefaultTimeout(60_000);

describe.skipIf(chromiumPath === null)("the console", () => {
  const stage = new Stage();
  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  testBrowsing(stage);
  testEditing(stage);
  testServing(stage);
  testAccessibility(stage);

  test("nothing in all of this has broken the page's policy, thrown, or asked another server", () => {
    expect(stage.breaches).toEqual([]);
  });
});
