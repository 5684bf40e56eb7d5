// Clients that send every write again until it is answered, under an Idempotency-Key, through a proxy that cuts connections at
// random: before, in and after the request, before and in the answer. Every effect happens exactly once, and every answer is
// that of the one time. SEED= draws the same writes and cuts again, though not in the same order; WRITES=2000 runs longer.
import { expect, test } from "bun:test";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.ts";
import { Http, type HttpAnswer } from "../support/http-client.ts";
import { withMemoryServer } from "../support/http-harness.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const CLIENTS = 8;
const WRITES = Number(process.env["WRITES"] ?? 150);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const KILLS = 4;
const TRIES_MAX = 4000;
const TRY_AGAIN_MS = 5;
const MS_MAX = 60_000 + CLIENTS * WRITES * 40;
const SHARED = 3;
const JSON_TYPE = { "Content-Type": "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const MERGE = { "Content-Type": "application/merge-patch+json" };
const JSON_PATCH = { "Content-Type": "application/json-patch+json" };
const SHOWN = { Prefer: "return=representation" };

/** What must stand in the end, given that each write happened once. */
class Ledger {
  readonly sums = new Map<string, number>();
  /** Tokens that were added to each text and list. */
  readonly tokens = new Map<string, string[]>();
  readonly entries = new Map<string, string>();
  readonly taken: string[] = [];
  replays = 0;
  tries = 0;
  writes = 0;

  count(key: string, by: number): void {
    this.sums.set(key, (this.sums.get(key) ?? 0) + by);
  }

  add(key: string, token: string): void {
    this.tokens.set(key, [...(this.tokens.get(key) ?? []), token]);
  }
}

test(
  "writes that are sent again until they are answered happen once, whatever the network does",
  async () => {
    await withMemoryServer(async ({ http, url }) => {
      await runClients(http, await startCuttingProxy(url ?? "", makeSeededRandom(SEED)), async () => {});
    });
  },
  MS_MAX,
);

test(
  "and so they do while their server is killed and started again",
  async () => {
    await withServerProcess(async (first, restart) => {
      const proxy = await startCuttingProxy(first.url, makeSeededRandom(SEED));
      let server = first;
      let kills = 0;
      const random = makeSeededRandom(SEED + 1);
      await runClients(
        new Http({
          send: (request) => makeSocketClient(server.url).send(request),
          open: (request) => makeSocketClient(server.url).open(request),
        }),
        proxy,
        async (isOver) => {
          for (; kills < KILLS && !isOver(); kills++) {
            await Bun.sleep(150 + random.below(400));
            server.kill("SIGKILL");
            await server.exited;
            server = await restart();
            proxy.retarget(server.url);
          }
        },
      );
      console.log(`retries: ${kills} kills`);
      expect(kills).toBeGreaterThan(0);
    });
  },
  MS_MAX,
);

test("what one server has answered, the next over the same store answers again, after a kill and after a stop", async () => {
  await withServerProcess(async (first, restart) => {
    const writes = [
      ["PUT /a?expire_in=1000", "v", {}],
      ["PATCH /n", "incr=5&expire_new=1000", FORM],
      ["PATCH /keys/list", '{"a": [1.0]}', MERGE],
      ["POST /keys", '{"b": 1}', JSON_TYPE],
      ["POST /-/txn", '{"ops": [{"incr": {"key": "n"}}, {"get": {"key": "a"}}]}', JSON_TYPE],
      ["DELETE /b", null, SHOWN],
      ["DELETE /keys?prefix=a", null, {}],
    ] as const;
    const sendAll = async (url: string) => {
      const http = new Http(makeSocketClient(url));
      const answers: unknown[] = [];
      for (const [index, [line, body, fields]] of writes.entries()) {
        const answer = await http.send(line, body, { ...fields, "Idempotency-Key": `write-${index}` });
        const { date: _date, "idempotency-replayed": replayed = "false", ...headers } = answer.headers;
        answers.push({ replayed, status: answer.status, text: answer.text, headers });
      }
      return { answers, keys: await http.text("/keys") };
    };
    const { answers, keys } = await sendAll(first.url);
    const again = { answers: answers.map((answer) => ({ ...Object(answer), replayed: "true" })), keys };
    let server = first;
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      server.kill(signal);
      await server.exited;
      server = await restart();
      expect(await sendAll(server.url)).toEqual(again);
    }
  });
});

/** @param direct - asks the server without the proxy */
async function runClients(
  direct: Http,
  proxy: CuttingProxy,
  disturb: (isOver: () => boolean) => Promise<void>,
): Promise<void> {
  const ledger = new Ledger();
  let isOver = false;
  try {
    await direct.putJson("/keys/list", '{"list": []}');
    await direct.postJson("/keys", `{${queued().map((key) => `"${key}": "of ${key}"`)}}`);
    const clients = Array.from({ length: CLIENTS }, (_, id) => new Client(proxy, ledger, id));
    const disturbed = disturb(() => isOver);
    await Promise.all(clients.map((client) => client.run()));
    isOver = true;
    await disturbed;
    await compare(direct, ledger);
    const cuts = Object.entries(proxy.cuts).map(([cut, count]) => `${count} ${cut}`);
    console.log(
      `retries: SEED=${SEED}, ${ledger.writes} writes in ${ledger.tries} tries, ${ledger.replays} answered from records; cut ${cuts.join(", ")}`,
    );
    expect(ledger.replays).toBeGreaterThan(WRITES / 10);
  } finally {
    await proxy.close();
  }
}

/** More than are taken, so that clients contend for each. */
function queued(): readonly string[] {
  return Array.from({ length: WRITES }, (_, index) => `queue/${index}`);
}

async function compare(http: Http, ledger: Ledger): Promise<void> {
  for (const [key, sum] of ledger.sums) expect(`${key} ${await http.text(`/${key}`)}`).toBe(`${key} ${sum}`);
  for (const [key, tokens] of ledger.tokens) {
    const found = (await http.text(`/${key}`)).match(/\d+-\d+/g) ?? [];
    expect({ key, found: found.toSorted() }).toEqual({ key, found: tokens.toSorted() });
  }
  const pairs: readonly Record<string, string>[] = JSON.parse(await http.text("/keys?prefix=own"));
  const held = pairs.flatMap((pair) => Object.entries(pair));
  expect(held.map(([key, value]) => [key, String(value)])).toEqual(
    [...ledger.entries].toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
  const left: readonly string[] = JSON.parse(await http.text("/keys?keys&prefix=queue/"));
  expect([...left, ...ledger.taken].toSorted()).toEqual(queued().toSorted());
}

class Client {
  readonly #proxy: CuttingProxy;
  readonly #ledger: Ledger;
  readonly #id: number;
  readonly #random: SeededRandom;
  #made = 0;
  #tag: string | null = null;
  #version = 0;

  constructor(proxy: CuttingProxy, ledger: Ledger, id: number) {
    this.#proxy = proxy;
    this.#ledger = ledger;
    this.#id = id;
    this.#random = makeSeededRandom(SEED * 100 + id);
  }

  async run(): Promise<void> {
    const kinds = [
      () => this.#count(),
      () => this.#append(),
      () => this.#transfer(),
      () => this.#createAndTake(),
      () => this.#replaceOwn(),
      () => this.#addToList(),
      () => this.#stepOwn(),
      () => this.#createAndClear(),
      () => this.#takeFromQueue(),
    ];
    while (this.#made < WRITES) await this.#random.pick(kinds)();
  }

  /** Sends one write until it is answered. @throws Error on an answer of another status */
  async #write(line: string, body: string | null, fields: object, ...statuses: number[]): Promise<HttpAnswer> {
    const name = `${SEED}-${this.#id}-${this.#made++}`;
    const http = new Http(makeSocketClient(this.#proxy.url));
    this.#ledger.writes++;
    for (let tried = 0; tried < TRIES_MAX; tried++) {
      this.#ledger.tries++;
      const answer = await http.send(line, body, { ...fields, "Idempotency-Key": name }).catch(() => null);
      if (answer === null) {
        await Bun.sleep(TRY_AGAIN_MS);
        continue;
      }
      if (answer.headers["idempotency-replayed"] === "true") this.#ledger.replays++;
      if (statuses.includes(answer.status)) return answer;
      throw new Error(`${line} ${body} as ${name}, try ${tried}, was answered ${answer.status}: ${answer.text}`);
    }
    throw new Error(`${line} was not answered in ${TRIES_MAX} tries`);
  }

  #token(): string {
    return `${this.#id}-${this.#made}`;
  }

  async #count(): Promise<void> {
    const by = 1 + this.#random.below(9);
    const key = `sum${this.#random.below(SHARED)}`;
    await this.#write(`PATCH /${key}`, `incr=${by}`, FORM, 200, 201);
    this.#ledger.count(key, by);
  }

  async #append(): Promise<void> {
    const [key, token] = [`text${this.#random.below(SHARED)}`, this.#token()];
    const side = this.#random.oneIn(2) ? "append" : "prepend";
    const { text } = await this.#write(`PATCH /keys/${key}`, `${side}=(${token})`, FORM, 200, 201);
    expect(text.split(`(${token})`)).toHaveLength(2);
    this.#ledger.add(key, token);
  }

  async #transfer(): Promise<void> {
    const by = 1 + this.#random.below(99);
    const key = `own/txn/${this.#token()}`;
    const ops = [{ incr: { key: "debit", by: -by } }, { incr: { key: "credit", by } }, { put: { key, value: by } }];
    const body = JSON.stringify({ checks: [{ key, absent: true }], ops });
    await this.#write("POST /-/txn", body, JSON_TYPE, 200);
    this.#ledger.count("debit", -by);
    this.#ledger.count("credit", by);
    this.#ledger.entries.set(key, String(by));
  }

  async #createAndTake(): Promise<void> {
    const key = `own/new/${this.#token()}`;
    await this.#write("POST /keys", `{"${key}": "${key}"}`, JSON_TYPE, 201);
    if (this.#random.oneIn(3)) {
      this.#ledger.entries.set(key, key);
    } else if (this.#random.oneIn(2)) {
      await this.#write(`DELETE /keys/${key}`, null, {}, 200);
    } else {
      const { text } = await this.#write(`DELETE /keys/${key}`, null, SHOWN, 200);
      expect(text).toBe(`{"${key}": "${key}"}`);
    }
  }

  /** A replacement on the condition that nothing has changed: done twice, the second would fail. */
  async #replaceOwn(): Promise<void> {
    const [key, value] = [`own/put/${this.#id}`, this.#token()];
    const condition = this.#tag === null ? { "If-None-Match": "*" } : { "If-Match": this.#tag };
    const type = { "Content-Type": "text/plain" };
    const { headers } = await this.#write(`PUT /keys/${key}`, value, { ...type, ...condition }, 200, 201);
    this.#tag = headers["etag"] ?? null;
    this.#ledger.entries.set(key, value);
  }

  async #addToList(): Promise<void> {
    const token = this.#token();
    await this.#write("PATCH /keys/list", `[{"op": "add", "path": "/-", "value": "${token}"}]`, JSON_PATCH, 200);
    this.#ledger.add("list", token);
  }

  /** A patch whose test it makes fail itself, and a merge patch of many. */
  async #stepOwn(): Promise<void> {
    const key = `own/doc/${this.#id}`;
    const before = this.#version++;
    if (before === 0) {
      await this.#write("PATCH /keys", `{"${key}": "0"}`, MERGE, 200);
      await this.#write("PATCH /keys", `{"${key}": {"$json": 0}}`, MERGE, 200);
    }
    const test = `{"op": "test", "path": "", "value": ${before}}`;
    const body = `[${test}, {"op": "replace", "path": "", "value": ${before + 1}}]`;
    const { text } = await this.#write(`PATCH /keys/${key}`, body, JSON_PATCH, 200);
    expect(text).toBe(`{"${key}": ${before + 1}}`);
    this.#ledger.entries.set(key, String(before + 1));
  }

  async #createAndClear(): Promise<void> {
    const prefix = `own/many/${this.#token()}`;
    await this.#write(`PUT /keys?${prefix}/a=1&${prefix}/b=2&${prefix}/c=3`, null, {}, 201);
    const { text } = await this.#write(`DELETE /keys?prefix=${prefix}/`, null, {}, 200);
    expect(text).toBe('{"deleted": 3}');
  }

  /** Of all who want one item, one has it. */
  async #takeFromQueue(): Promise<void> {
    const key = `queue/${this.#random.below(WRITES)}`;
    const { status, text } = await this.#write(`DELETE /keys/${key}`, null, SHOWN, 200, 404);
    if (status === 404) return;
    expect(text).toBe(`{"${key}": "of ${key}"}`);
    this.#ledger.taken.push(key);
  }
}
