// What the writer hears of its checkpoint thread.
import { expect, test } from "bun:test";
import { Checkpointer } from "./checkpointer.ts";
import { storeFiles } from "./layout.ts";

const ENDING = new URL("../../../test/support/ending-thread.ts", import.meta.url);

test("a checkpoint thread that ends by itself is a failure, and is not waited for at the stop", async () => {
  const failed = Promise.withResolvers<string>();
  const options = { files: storeFiles("/nowhere"), durability: "full", lastPages: 1, onDone: () => {} } as const;
  const checkpointer = new Checkpointer({ ...options, onFailure: failed.resolve }, ENDING);
  checkpointer.start();
  expect(await failed.promise).toBe("its thread ended by itself");
  expect(checkpointer.isRunning).toBe(true);
  const end = await checkpointer.close();
  end();
});
