// Every status that the document says of an operation, brought about: what the server refuses before it looks at a request, what
// it finds in one, and what the store answers. Each is asked by the operation's own example, changed in one thing.
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { TokenBook } from "../../src/auth/token-book.ts";
import { type ErrorCode, KeyholdError } from "../../src/core/errors.ts";
import { WebAssets } from "../../src/http/assets/web-assets.ts";
import { STATUS } from "../../src/http/problem.ts";
import type { Store } from "../../src/store/store.ts";
import { bearer, issue, withAccess } from "../support/access-server.ts";
import type { Contract } from "../support/contract.ts";
import type { Http, HttpRequest } from "../support/http-client.ts";
import { makeAppServer } from "../support/http-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { mustCommit, put } from "../support/requests.ts";
import { ROOMY, type StoreHarness } from "../support/store-harness.ts";
import { tokenOf } from "../support/token-records.ts";
import { makeTurnableTimers } from "../support/turnable-timers.ts";
import { exampleRequest } from "./example-request.ts";

type Change = (request: HttpRequest) => HttpRequest;

/** More than any body may have, but that of an import or a backup. */
const HUGE = new Uint8Array(40 * 1024 * 1024);
const OTHER_TAG = '"other"';

function withFields(fields: HttpRequest["headers"]): Change {
  return (request) => ({ ...request, headers: { ...request.headers, ...fields } });
}

function withQuery(pair: string): Change {
  return (request) => ({ ...request, target: `${request.target}${request.target.includes("?") ? "&" : "?"}${pair}` });
}

/** What makes a request one that is answered so, for some operation at least. */
const CHANGES: Readonly<Record<number, readonly Change[]>> = {
  200: [(request) => request],
  206: [withFields({ Range: "bytes=0-1" }), withFields({ Range: "bytes=0-1", Accept: "application/octet-stream" })],
  304: [withFields({ "If-None-Match": "*" })],
  400: [withQuery("expire_in=x"), withQuery("none=1")],
  404: [(request) => ({ ...request, target: request.target.replace(/[^/]+$/, "none") })],
  406: [withFields({ Accept: "image/png" })],
  409: [withQuery("on_conflict=fail"), withQuery("on_conflict=fail")],
  411: [(request) => ({ ...request, body: null })],
  412: [withFields({ "If-Match": OTHER_TAG })],
  413: [(request) => ({ ...request, body: HUGE })],
  415: [withFields({ "Content-Encoding": "br" })],
  416: [withFields({ Range: "bytes=99-", Accept: "application/octet-stream" })],
};

const ADMIN_SECRET = `kh_${"A".repeat(43)}`;
const AS_ADMIN = { Authorization: `Bearer ${ADMIN_SECRET}` };

/** What makes a request another one, for some operation at least. */
const OTHERS: readonly Change[] = [
  withFields({ "Content-Type": "text/x-other" }),
  ...["expire_in=60", "on_conflict=skip", "prefix=a"].map(withQuery),
  // The example is refused as the value is no number, and so leaves no record.
  (request) => ({ ...request, body: "append=x" }),
  (request) => ({ ...request, body: "append=y" }),
];

/** What a store may answer with, and so must be told of every operation that asks it. */
const STORE_CODES: readonly ErrorCode[] = ["damaged-entry", "busy", "unavailable", "outcome-unknown", "no-room"];

export function refusalsSuite(contract: Contract): void {
  const asked = contract.operations.map((located) => ({
    ...located,
    name: `${located.method} ${located.pattern}`,
    request: exampleRequest(contract, located),
  }));

  test.each(asked)(
    "$name is refused without a token, and with one that has no leave",
    async ({ request, operation, pattern }) => {
      if (operation.responses["401"] === undefined) return;
      await withAccess(async (server) => {
        const http = contract.watch(server.http);
        const [metrics, read] = [
          await issue(server, { scopes: ["metrics"] }),
          await issue(server, { scopes: ["read"] }),
        ];
        const ask = (headers: HttpRequest["headers"]) => send(http, withFields(headers)(request));
        expect((await ask({})).status).toBe(401);
        // Each of its commands is answered for itself, with what the token lacks.
        if (pattern === "/-/redis/pipeline") {
          expect((await ask(bearer(metrics))).text).toContain("NOPERM");
          expect((await ask({ "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
          return;
        }
        expect([(await ask(bearer(metrics))).status, (await ask(bearer(read))).status]).toContain(403);
      });
    },
  );

  test.each(asked)("$name is refused by another name, and beyond a rate", async ({ request }) => {
    await withStore(async ({ store }) => {
      const flags = { "address-requests": "1", "allowed-hosts": "keyhold.test" };
      const http = contract.watch(makeAppServer(store, flags).http);
      expect((await send(http, withFields({ Host: "elsewhere.example" })(request))).status).toBe(421);
      for (let turn = 0; turn < 20; turn++) await http.get("/-/healthy");
      expect((await send(http, request)).status).toBe(429);
    });
  });

  test.each(asked)("$name is refused where the server fails, or has no room for the answer", async ({ request }) => {
    await withStore(async ({ store }) => {
      const refusing = (error: Error) => {
        const requireRoom = () => {
          throw error;
        };
        const parts = { requireRoom, assets: noAssets(false), tokens: bookOf(store) };
        return contract.watch(makeAppServer(store, {}, parts).http);
      };
      const ask = async (error: Error) => (await send(refusing(error), withFields(AS_ADMIN)(request))).status;
      expect(await ask(new Error("broken"))).toBeGreaterThanOrEqual(400);
      expect(await ask(new KeyholdError("busy", "Cannot send it: many clients are slow"))).toBeGreaterThanOrEqual(400);
    });
  });

  test.each(asked)("$name is answered as the document says, however it is asked", async ({ request, operation }) => {
    for (const [status, changes] of Object.entries(CHANGES)) {
      if (operation.responses[status] === undefined) continue;
      await withStore(async ({ store }) => {
        const http = contract.watch(makeAppServer(store, {}, { assets: noAssets(false) }).http);
        for (const change of changes) await send(http, change(request));
      });
    }
  });

  test.each(asked)("$name tells a name that was another request's", async ({ request, operation }) => {
    if (operation.responses["422"] === undefined) return;
    await withStore(async ({ store }) => {
      const http = contract.watch(makeAppServer(store).http);
      const named = withFields({ "Idempotency-Key": "k" })(request);
      await send(http, named);
      for (const change of OTHERS) await send(http, change(named));
    });
  });

  test.each(asked)("$name tells what the store answers", async ({ request, operation }) => {
    for (const code of STORE_CODES) {
      if (!contract.codesOf(operation, STATUS[code]).includes(code)) continue;
      await withStore(async ({ store }) => {
        const broken = failing(store, code);
        const { http } = makeAppServer(broken, {}, { tokens: bookOf(broken) });
        await send(contract.watch(http), withFields(AS_ADMIN)(request));
      });
    }
  });

  test.each(asked)("$name says that pages are not built", async ({ request, operation }) => {
    if (operation.responses["501"] === undefined) return;
    await withStore(async ({ store }) => {
      expect(
        (await send(contract.watch(makeAppServer(store, {}, { assets: noAssets(true) }).http), request)).status,
      ).toBe(501);
    });
  });
}

function send(http: Http, { method, target, body, headers }: HttpRequest) {
  return http.send(`${method} ${target}`, body, headers);
}

async function withStore(body: (harness: StoreHarness) => Promise<void>): Promise<void> {
  const harness = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1000 });
  try {
    await mustCommit(harness.store, put("greeting"));
    await body(harness);
  } finally {
    await harness.close();
  }
}

/** A book that knows the token of the examples, over a store that may fail. */
function bookOf(store: Store): TokenBook {
  const timers = makeTurnableTimers(store.now);
  return new TokenBook({ store, timers, adminSecret: ADMIN_SECRET, changes: null }, [tokenOf("ks3dp5b16yr2")]);
}

/** The store, with everything that may fail failing. */
function failing(store: Store, code: ErrorCode): Store {
  const fails = ["get", "getMany", "list", "scan", "count", "commit", "deleteAll", "putToken", "tokens"];
  const fail = () => {
    throw new KeyholdError(code, "Cannot do it");
  };
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name);
      if (name === "backup") return { open: fail };
      if (typeof own !== "function") return own;
      if (!fails.includes(String(name))) return own.bind(target);
      return fail;
    },
  });
}

/** Pages as a build makes them, or as they are before one. */
function noAssets(isMissing: boolean): WebAssets {
  return new WebAssets(async () => {
    if (isMissing) throw new Error("no such file");
    const gzip = gzipSync("a").toBase64();
    const paths = ["console", "docs", "assets/docs-1a2b3c4d.js"];
    return JSON.stringify(paths.map((path) => ({ path, contentType: "text/html", hash: "a", gzip })));
  });
}
