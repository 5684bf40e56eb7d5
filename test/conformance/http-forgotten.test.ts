// The record of a write with an Idempotency-Key is kept for its age and no longer (contract §11), by a clock that is turned.
import { expect, test } from "bun:test";
import { makeAppServer } from "../support/http-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { ROOMY } from "../support/store-harness.ts";

const AGE_MS = 20;

test("a write is answered from its record until the age of that, exactly, and then is another", async () => {
  const { store, step, close } = await makeMemoryHarness({ ...ROOMY, idempotencyAgeMs: AGE_MS });
  try {
    const { http } = makeAppServer(store);
    const count = () => http.patch("/n", "incr=1", { "Idempotency-Key": "one" });
    expect((await count()).text).toBe("1");
    for (let ms = 1; ms < AGE_MS; ms++) {
      await step();
      const { text, headers } = await count();
      expect([ms, text, headers["idempotency-replayed"]]).toEqual([ms, "1", "true"]);
    }
    await step();
    const { text, headers } = await count();
    expect([text, headers["idempotency-replayed"]]).toEqual(["2", undefined]);
  } finally {
    await close();
  }
});
