// What vitest runs: the suites that other libraries publish for it.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/adapters/*.vitest.mjs"], pool: "threads", fileParallelism: false },
});
