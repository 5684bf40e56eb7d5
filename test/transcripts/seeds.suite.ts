// The three documents that Keyhold grew from, every curl line of them in their order, run by curl against a server; what is
// expected is what docs/protocol.md says of each, where that differs from the document also why. A store in partitions may
// have to refuse the one line that sets three pairs at once; then it is sent pair by pair.
import { describe, expect, test } from "bun:test";
import type { Capabilities } from "../../src/store/store.ts";
import { type CurlAnswer, runCurl } from "../support/curl.ts";
import { tallied, tallySuite } from "../support/suite-tally.ts";

export interface SeedServer {
  readonly url: string;
}

/** A server over an empty store, and what stops it in an orderly way and starts another over the same store. */
export type WithSeedServer = (
  body: (server: SeedServer, restart: () => Promise<SeedServer>) => Promise<void>,
) => Promise<void>;

/** A line as it stands in the document, and what is answered. */
type Step = readonly [line: string, status: number, body: unknown];

const CHORE_2 = "Prepare breakfast and lunch box for daughter before 7:00 A.M ";
const WALK = "Go for morning walk from 7:30 A.M.";

const CHORES: readonly Step[] = [
  ["curl -X GET http://127.0.0.1:5000/keys", 200, []],
  [
    `curl -d '{"chore1": "Wake up at 6 in the morning"}' -H "Content-Type: application/json" -X POST http://127.0.0.1:5000/keys`,
    201,
    { chore1: "Wake up at 6 in the morning" },
  ],
  [
    `curl -H "Content-Type: application/json" -X POST http://127.0.0.1:5000/keys -d '{"chore2":  "${CHORE_2}"}'`,
    201,
    { chore2: CHORE_2 },
  ],
  [
    `curl -H "Content-Type: application/json" -X POST http://127.0.0.1:5000/keys -d '{"chore2": "${WALK}"}'`,
    409,
    expect.objectContaining({ code: "already-exists", key: "chore2" }),
  ],
  [
    `curl -H "Content-Type: application/json" -X PUT http://127.0.0.1:5000/keys/chore2 -d '{"chore2": "${WALK}"}'`,
    200,
    { chore2: WALK },
  ],
  ["curl http://127.0.0.1:5000/keys", 200, [{ chore1: "Wake up at 6 in the morning" }, { chore2: WALK }]],
  [
    `curl -H "Content-Type: application/json" -X POST http://127.0.0.1:5000/keys -d '{"chore3": "Eat breakfast by 8:30."}'`,
    201,
    { chore3: "Eat breakfast by 8:30." },
  ],
  [
    "curl http://127.0.0.1:5000/keys",
    200,
    [{ chore1: "Wake up at 6 in the morning" }, { chore2: WALK }, { chore3: "Eat breakfast by 8:30." }],
  ],
  ["curl -X DELETE  http://127.0.0.1:5000/keys/chore3", 200, { deleted: 1 }],
  ["curl http://127.0.0.1:5000/keys", 200, [{ chore1: "Wake up at 6 in the morning" }, { chore2: WALK }]],
  // The document writes `curl -X HEAD -i`, which waits for a body that never comes, and shows 200, a slip of its own.
  ["curl -I http://127.0.0.1:5000/keys/chore3", 404, ""],
  ["curl -I http://127.0.0.1:5000/keys/chore2", 200, ""],
  ["curl -X DELETE http://127.0.0.1:5000/keys", 200, { deleted: 2 }],
  ["curl http://127.0.0.1:5000/keys", 200, []],
];

/** This document shows requests, not curl lines. */
const VERBS_BEFORE: readonly Step[] = [
  ["curl -X PUT 'http://127.0.0.1:5000/keys?my_name=value&expire_in=60'", 201, { my_name: "value" }],
  ["curl -X PUT 'http://127.0.0.1:5000/keys?my_name=other&expire_in=60'", 200, { my_name: "other" }],
];

const THREE_AT_ONCE = "curl -X PUT 'http://127.0.0.1:5000/keys?wood=1&word=2&words=3'";
const THREE: Step = [THREE_AT_ONCE, 201, { wood: "1", word: "2", words: "3" }];
const ONE_BY_ONE: readonly Step[] = [
  [THREE_AT_ONCE, 422, expect.objectContaining({ code: "cross-partition" })],
  ["curl -X PUT 'http://127.0.0.1:5000/keys?wood=1'", 201, { wood: "1" }],
  ["curl -X PUT 'http://127.0.0.1:5000/keys?word=2'", 201, { word: "2" }],
  ["curl -X PUT 'http://127.0.0.1:5000/keys?words=3'", 201, { words: "3" }],
];

const VERBS_AFTER: readonly Step[] = [
  ["curl 'http://127.0.0.1:5000/keys?filter=wo$d'", 200, [{ wood: "1" }, { word: "2" }]],
  ["curl 'http://127.0.0.1:5000/keys?filter=wo*'", 200, [{ wood: "1" }, { word: "2" }, { words: "3" }]],
  ["curl http://127.0.0.1:5000/keys", 200, [{ my_name: "other" }, { wood: "1" }, { word: "2" }, { words: "3" }]],
  ["curl -I http://127.0.0.1:5000/keys/my_name", 200, ""],
  ["curl -I http://127.0.0.1:5000/keys/nobody", 404, ""],
  ["curl http://127.0.0.1:5000/keys/my_name", 200, { my_name: "other" }],
  ["curl http://127.0.0.1:5000/keys/nobody", 404, expect.objectContaining({ code: "not-found" })],
  ["curl -X DELETE http://127.0.0.1:5000/keys/my_name", 200, { deleted: 1 }],
  ["curl -X DELETE http://127.0.0.1:5000/keys/my_name", 404, expect.objectContaining({ code: "not-found" })],
  [
    "curl -X PUT 'http://127.0.0.1:5000/keys?my_name=value&expire_in=soon'",
    400,
    expect.objectContaining({ code: "invalid-expiry" }),
  ],
  ["curl -X DELETE http://127.0.0.1:5000/keys", 200, { deleted: 3 }],
];

const PUT_FOO =
  "curl -i -X PUT 'http://localhost:3000/foo' -H 'Content-Type: application/octet-stream' --data-binary 'hello world!'";
const GET_FOO = "curl -i 'http://localhost:3000/foo'";

const BYTES: readonly Step[] = [
  [PUT_FOO, 201, ""],
  [GET_FOO, 200, "hello world!"],
  ["curl -i 'http://localhost:3000/qux'", 404, expect.objectContaining({ code: "not-found", key: "qux" })],
  ["curl -i -X DELETE 'http://localhost:3000/foo'", 204, ""],
  // "Try this scenario": written again, then the server is stopped.
  [PUT_FOO, 201, ""],
];

export function seedsSuite(
  name: string,
  withServer: WithSeedServer,
  { atomicity, durability }: Pick<Capabilities, "atomicity" | "durability">,
): void {
  describe(`${name}: the seed documents, line by line`, () => {
    tallySuite(`${name}: transcripts of the seeds`);
    const withSeedServer: WithSeedServer = (body) => tallied(() => withServer(body));

    test("chores in a collection", async () => {
      await withSeedServer((server) => runSteps(CHORES, server));
    });

    test("wildcards and expiry", async () => {
      const three = atomicity === "store" ? [THREE] : ONE_BY_ONE;
      await withSeedServer((server) => runSteps([...VERBS_BEFORE, ...three, ...VERBS_AFTER], server));
    });

    test("an entry with an expiry says how long it lives", async () => {
      await withSeedServer(async (server) => {
        await runCurl("curl -X PUT 'http://127.0.0.1:5000/keys?my_name=value&expire_in=60'", server);
        const { head } = await runCurl("curl -i http://127.0.0.1:5000/keys/my_name", server);
        expect(head).toMatch(/\r\nTTL: (?:59|60)(?:\r\n|$)/);
      });
    });

    test("bytes under a key, and Ctrl-C between writing and reading", async () => {
      await withSeedServer(async (server, restart) => {
        await runSteps(BYTES, server);
        const again = await restart();
        const { status, head, body } = await runCurl(GET_FOO, again);
        if (durability === "none") {
          expect(status).toBe(404);
          return;
        }
        expect([status, body]).toEqual([200, "hello world!"]);
        expect(head).toContain("\r\nContent-Type: application/octet-stream\r\n");
        expect(head).toMatch(/\r\nContent-Length: 12(?:\r\n|$)/i);
      });
    });
  });
}

async function runSteps(steps: readonly Step[], server: SeedServer): Promise<void> {
  for (const [line, status, body] of steps) {
    const answer = await runCurl(line, server);
    expect({ line, status: answer.status, body: bodyOf(answer) }).toEqual({ line, status, body });
  }
}

/** As JSON where the answer is, else as text. */
function bodyOf({ body }: CurlAnswer): unknown {
  return /^[[{]/.test(body) ? JSON.parse(body) : body;
}
