// What every client goes through, directly or through a proxy: the same requests with the same answers, small and large, short
// and long. Each run has keys of its own, so that several may share a server.
import { expect } from "bun:test";
import type { Http } from "../../support/http-client.ts";
import { withCountingTunnel } from "./counting-tunnel.ts";
import type { WireAnswer, WireBody, WireClient, WireRequest } from "./wire-client.ts";

export interface Scene {
  readonly client: WireClient;
  /** Where the client asks: the server's origin, or that of a proxy before it. */
  readonly origin: string;
  /** Another client, straight to the server. */
  readonly reference: Http;
}

const MiB = 1024 * 1024;
/** 4 KiB of ASCII, and no part of it like the next. */
const UNIT = Array.from({ length: 512 }, (_, line) => `${line.toString().padStart(7, "0")}\n`).join("");
const LARGE: WireBody = { text: UNIT, times: MiB / UNIT.length, chunked: false };
const TOO_LARGE: WireBody = { ...LARGE, times: 2 * LARGE.times };
const LISTED = 5;
const KEPT_REQUESTS = 100;
const BYTES = { "Content-Type": "text/plain" };
const RAW = { Accept: "application/octet-stream" };

type Step = (scene: Scene) => Promise<void>;

/** Each by what the table calls it, with what a client must be able to do for it. */
const STEPS: readonly { readonly name: string; readonly needs: "chunked" | "continue" | null; readonly run: Step }[] = [
  { name: "entry", needs: null, run: entryLives },
  { name: "1 MiB both ways", needs: null, run: largeValue },
  { name: "chunked upload", needs: "chunked", run: chunkedUpload },
  { name: "100-continue", needs: "continue", run: expectation },
  { name: "413", needs: null, run: tooLarge },
  { name: "5 MiB listing", needs: null, run: longListing },
  { name: "watch", needs: null, run: watched },
  { name: "100 on one connection", needs: null, run: keptConnection },
];

/** Resolves to a sentence for the table. @throws where a step fails, with its name */
export async function runScenario(scene: Scene): Promise<string> {
  const left: string[] = [];
  for (const { name, needs, run } of STEPS) {
    if (needs !== null && !scene.client.abilities.includes(needs)) {
      left.push(name);
      continue;
    }
    try {
      await run(scene);
    } catch (error) {
      throw new Error(`In the step "${name}": ${String(error)}`, { cause: error });
    }
  }
  return `${STEPS.length - left.length} of ${STEPS.length}${left.length === 0 ? "" : `, has no ${left.join(", no ")}`}`;
}

async function entryLives({ client, origin }: Scene): Promise<void> {
  const ask = (method: string, headers: WireRequest["headers"] = {}, text: string | null = null) => {
    const body = text === null ? null : { text, times: 1, chunked: false };
    return client.ask({ method, url: `${origin}/made`, headers, body });
  };
  const made = await ask("PUT", BYTES, "first");
  expect(made).toMatchObject({ status: 201, bytes: 0, headers: { location: "/made" } });
  const tag = made.headers["etag"] ?? "none";
  expect(await ask("GET")).toMatchObject({ status: 200, text: "first", headers: { etag: tag } });
  expect(await ask("PUT", { ...BYTES, "If-Match": tag }, "second")).toMatchObject({ status: 204, bytes: 0 });
  expect(await ask("PUT", { ...BYTES, "If-Match": tag }, "third")).toMatchObject({ status: 412 });
  const headers = { "content-length": "6", "content-type": "text/plain" };
  expect(await ask("HEAD")).toMatchObject({ status: 200, bytes: 0, headers });
  expect(await ask("GET")).toMatchObject({ status: 200, text: "second", headers });
  expect(await ask("DELETE")).toMatchObject({ status: 204, bytes: 0 });
  expectProblem(await ask("GET"), 404, "not-found");
  expect(await ask("HEAD")).toMatchObject({ status: 404, bytes: 0 });
}

async function largeValue({ client, origin }: Scene): Promise<void> {
  const url = `${origin}/keys/large`;
  expect(await client.ask({ method: "PUT", url, headers: BYTES, body: LARGE })).toMatchObject({ status: 201 });
  expectBody(await client.ask({ method: "GET", url, headers: RAW, body: null }), textOf(LARGE));
}

async function chunkedUpload({ client, origin, reference }: Scene): Promise<void> {
  const request = { method: "PUT", url: `${origin}/keys/chunked`, headers: BYTES, body: { ...LARGE, chunked: true } };
  expect(await client.ask(request)).toMatchObject({ status: 201 });
  expect((await reference.get("/keys/chunked", RAW)).text).toBe(textOf(LARGE));
}

async function expectation({ client, origin, reference }: Scene): Promise<void> {
  const headers = { ...BYTES, Expect: "100-continue" };
  const answer = await client.ask({ method: "PUT", url: `${origin}/keys/expected`, headers, body: LARGE });
  expect(answer).toMatchObject({ status: 201, continued: true });
  expect((await reference.get("/keys/expected", RAW)).text).toBe(textOf(LARGE));
}

async function tooLarge({ client, origin, reference }: Scene): Promise<void> {
  const url = `${origin}/keys/over`;
  expectProblem(await client.ask({ method: "PUT", url, headers: BYTES, body: TOO_LARGE }), 413, "value-too-large");
  expect((await reference.get("/keys/over")).status).toBe(404);
}

async function longListing({ client, origin, reference }: Scene): Promise<void> {
  const keys = Array.from({ length: LISTED }, (_, index) => `list${index}`);
  for (const key of keys) expect((await reference.put(`/keys/${key}`, textOf(LARGE), BYTES)).status).toBe(201);
  const pairs = keys.map((key) => JSON.stringify({ [key]: textOf(LARGE) }).replace('":"', '": "'));
  const answer = await client.ask({ method: "GET", url: `${origin}/keys?prefix=list`, headers: {}, body: null });
  expectBody(answer, `[${pairs.join(", ")}]`);
}

async function watched({ client, origin, reference }: Scene): Promise<void> {
  const change = async () => {
    expect((await reference.put("/keys/seen", "now", BYTES)).status).toBe(201);
  };
  expect(await client.watch(`${origin}/keys?watch&prefix=seen`, change)).toMatch(
    /event: put\n(?:id: .*\n)?data: \{"key":"seen".*"now".*\}\n\n$/,
  );
}

async function keptConnection({ client, origin }: Scene): Promise<void> {
  await withCountingTunnel(origin, async ({ url, connections }) => {
    const statuses = await client.askTimes(
      { method: "GET", url: `${url}/-/healthy`, headers: {}, body: null },
      KEPT_REQUESTS,
    );
    expect(statuses).toEqual(Array.from({ length: KEPT_REQUESTS }, () => 200));
    expect(connections()).toBeLessThanOrEqual(client.connectionsMax);
  });
}

function expectBody({ status, bytes, sha256 }: WireAnswer, body: string): void {
  const expected = new Bun.CryptoHasher("sha256").update(body).digest("hex");
  expect({ status, bytes, sha256 }).toEqual({ status: 200, bytes: body.length, sha256: expected });
}

function expectProblem(answer: WireAnswer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, headers: { "content-type": "application/problem+json" } });
  expect(JSON.parse(answer.text)).toMatchObject({ status, code });
}

function textOf({ text, times }: WireBody): string {
  return text.repeat(times);
}
