// unstorage's own driver tests, as they are published: in its repository alone, of which nothing is kept here. With
// UNSTORAGE_REPOSITORY naming a clone with its packages installed they are run as they stand, against the unmodified drivers that
// npm installed here, and against our own; without it they are said to be skipped. What they ask is asked by
// unstorage-driver.test.ts, and of our own by test/adapters, in any case.
import { afterAll, beforeAll, describe, test } from "bun:test";
import type { Driver } from "unstorage";
import httpDriver from "unstorage/drivers/http";
import upstashDriver from "unstorage/drivers/upstash";
import keyholdDriver from "../../src/adapters/unstorage.ts";
import { type RunningServer, startServer } from "../../src/compose.ts";
import { configOf } from "../support/http-harness.ts";
import { makeRecordingLog } from "../support/recording-log.ts";

interface Published {
  testDriver(options: { readonly driver: () => Driver }): void;
}

const repository = process.env["UNSTORAGE_REPOSITORY"];

if (repository === undefined) {
  test.skip("unstorage's published tests: UNSTORAGE_REPOSITORY names a clone of it", () => {});
} else {
  const { testDriver }: Published = await import(`${repository}/test/drivers/utils.ts`);
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer(configOf({ port: "0", store: "memory:" }), makeRecordingLog());
  });

  afterAll(async () => {
    server.stop();
    await server.ended;
  });

  describe("unstorage's published tests, of its http driver", () => {
    testDriver({ driver: () => httpDriver({ base: new URL("/-/unstorage", server.url).href }) });
  });

  describe("unstorage's published tests, of its driver for Upstash", () => {
    testDriver({ driver: () => upstashDriver({ url: new URL("/-/redis", server.url).href, token: "none" }) });
  });

  describe("unstorage's published tests, of our own driver", () => {
    testDriver({ driver: () => keyholdDriver({ url: server.url }) });
  });
}
