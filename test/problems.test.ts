// The pages of the error codes: each curl line works as it stands against an empty server, and shows the very code of its
// page where it says so.
import { expect, test } from "bun:test";
import { ERRORS } from "../src/core/errors.ts";
import { problemPath, STATUS } from "../src/http/problem.ts";
import { PROBLEM_PAGES } from "../src/http/problem-pages.ts";
import { isErrorCode } from "../src/http/problem-text.ts";
import { runCurl, runLine } from "./support/curl.ts";
import { withServerProcess } from "./support/with-server-process.ts";

const CODES = Object.keys(ERRORS).filter(isErrorCode);

test("the curl line of each page is answered as the page says", async () => {
  await withServerProcess(async (server) => {
    for (const code of CODES) {
      const { curl, isShown } = PROBLEM_PAGES[code];
      const { status, body } = await runCurl(curl, server);
      if (isShown) {
        expect({ curl, status, code: JSON.parse(body).code }).toEqual({ curl, status: STATUS[code], code });
      } else {
        expect({ curl, status }).toEqual({ curl, status: 200 });
      }
      await runLine("curl -s -X DELETE http://127.0.0.1:3000/keys", server);
    }
  });
});

test("the type of a problem is the address of its page, for curl and for a browser", async () => {
  await withServerProcess(async (server) => {
    for (const code of CODES) {
      const address = `http://127.0.0.1:3000${problemPath(code)}`;
      expect(await runCurl(`curl -s ${address}`, server)).toMatchObject({ status: 200 });
      const html = await runLine(`curl -s -H 'Accept: text/html' ${address}`, server);
      expect(html).toStartWith("<!doctype html>");
      expect(html).toContain(`<code>${code}</code>`);
    }
  });
});
