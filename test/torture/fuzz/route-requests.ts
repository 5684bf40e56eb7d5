// The requests that the fuzzing on sockets begins with: of every operation the example of the OpenAPI document, and of each route
// those that lead far into it, as clients send them. Texts are octets, one a character (latin1).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exampleRequest } from "../../openapi/example-request.ts";
import { Contract } from "../../support/contract.ts";

export interface WholeRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly fields: readonly Field[];
  readonly body: string;
}

export type Field = readonly [name: string, value: string];

const JSON_TYPE: Field = ["Content-Type", "application/json"];
const FORM: Field = ["Content-Type", "application/x-www-form-urlencoded"];
const MERGE: Field = ["Content-Type", "application/merge-patch+json"];
const PATCH: Field = ["Content-Type", "application/json-patch+json"];
const TEXT: Field = ["Content-Type", "text/plain"];
const LINES: Field = ["Content-Type", "application/x-ndjson"];

/** Many documents are deeper than what is usual, or larger. */
const DEEP_JSON = `${"[".repeat(80)}1${"]".repeat(80)}`;
const LARGE_TEXT = "0123456789abcdef".repeat(4096);
const BATCH = JSON.stringify(Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`batch${index}`, index])));

// biome-ignore format: as a table it stays short
const REQUESTS: readonly WholeRequest[] = [
  ask("GET", "/a"), ask("HEAD", "/a"), ask("OPTIONS", "/a"), ask("GET", "/a?wait=0"), ask("GET", "/a?wait=20ms", ["If-None-Match", "\"1-a\""]),
  ask("GET", "/a", ["Range", "bytes=0-1,3-"]), ask("GET", "/a", ["Accept", "application/json;q=0.5, text/*;q=0.1"]), ask("DELETE", "/a"),
  ask("GET", "/a", ["If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"], ["If-Range", "\"1-a\""], ["Range", "bytes=-2"]),
  send("PUT", "/a", "value", TEXT), send("PUT", "/b?expire_in=20s", "value", ["TTL", "30"]), send("PUT", "/c", "x", ["If-None-Match", "*"]),
  send("PUT", "/d", "once", ["Idempotency-Key", "\"one\""]), send("PATCH", "/n", "incr=1&max=100&expire_new=60", FORM),
  send("PATCH", "/t", "append=%C3%A9", FORM), send("PATCH", "/n", "decr=0.5&min=-3", FORM), send("PUT", "/e", "x".repeat(1024)),
  ask("GET", "/keys"), ask("GET", "/keys?count&limit=2&prefix=a&reverse"), ask("GET", "/keys?keys&start=a&end=c", ["Accept", "application/x-ndjson"]),
  ask("GET", "/keys?filter=b*&meta", ["Accept", "text/plain"]), ask("GET", "/keys?key=a&key=b&key=%00"), ask("GET", "/keys?cursor=abc"),
  ask("GET", "/keys?wait=10ms&since=0"), ask("GET", "/keys?watch&prefix=none/"), ask("GET", "/keys?watch&values&since=0&prefix=a", ["Accept", "application/x-ndjson"]),
  ask("GET", "/keys?watch&key=a&touches", ["Last-Event-ID", "1.k"]),
  send("QUERY", "/keys", "{\"prefix\": \"a\", \"limit\": 3, \"keys\": true}", JSON_TYPE), send("POST", "/keys", "{\"new\": {\"a\": [1, 2.50, 1e400]}}", JSON_TYPE),
  send("POST", "/keys", BATCH, JSON_TYPE), send("PUT", "/keys?color=blue&size=4", ""), send("PUT", "/keys", BATCH, JSON_TYPE),
  send("PATCH", "/keys", "{\"color\": null, \"limits\": {\"max\": 4}}", MERGE), ask("DELETE", "/keys?prefix=batch"), ask("DELETE", "/keys?key=a&key=b"),
  ask("GET", "/keys/a/b%20c?meta"), send("PUT", "/keys/a/b%20c", "{\"a\": {\"b\": [1, \"\\ud83d\\ude00\"]}}", JSON_TYPE), send("PUT", "/keys/large", LARGE_TEXT, TEXT),
  send("PUT", "/keys/bytes", "\0\x01\xfe\xff", ["Content-Type", "application/octet-stream"]), send("PUT", "/keys/deep", DEEP_JSON, JSON_TYPE),
  send("PUT", "/keys/a", "1", JSON_TYPE, ["Prefer", "return=minimal"], ["If-Match", "\"1-a\", \"2-b\""]), ask("DELETE", "/keys/a", ["Prefer", "return=representation"]),
  send("PATCH", "/keys/doc", "{\"a\": {\"b\": null, \"c\": [1]}}", MERGE), send("PATCH", "/keys/doc", "[{\"op\": \"add\", \"path\": \"/a/-\", \"value\": {}}, {\"op\": \"move\", \"from\": \"/a\", \"path\": \"/b\"}]", PATCH),
  send("POST", "/-/txn", "{\"checks\":[{\"key\":\"a\",\"exists\":true}],\"ops\":[{\"incr\":{\"key\":\"n\",\"by\":-10,\"min\":0}},{\"get\":{\"key\":\"a\"}}],\"else\":[{\"put\":{\"key\":\"a\",\"value\":1}}]}", JSON_TYPE),
  send("POST", "/-/txn", "{\"ops\":[{\"delete\":{\"key\":\"a\"}},{\"put\":{\"key\":\"b\",\"value\":{\"$base64\":\"AAE=\"},\"expire_in\":\"20s\"}},{\"touch\":{\"key\":\"b\"}}]}", JSON_TYPE),
  ask("GET", "/-/healthy"), ask("GET", "/-/ready"), ask("GET", "/-/info"), ask("GET", "/-/metrics"), ask("GET", "/-/tokens"), ask("GET", "/-/docs"),
  send("POST", "/-/tokens", "{\"name\": \"ci\", \"scopes\": [\"read\"], \"prefixes\": [\"a/\"], \"expire_in\": \"1s\"}", JSON_TYPE), ask("DELETE", "/-/tokens/tk_ks3dp5b16yr2"),
  ask("GET", "/-/problems/not-found"), ask("GET", "/-/openapi.json", ["Accept-Encoding", "gzip, br"]), ask("GET", "/-/export?prefix=a"), ask("GET", "/-/backup"),
  send("POST", "/-/import?on_conflict=skip", "{\"keyhold\":\"export\",\"version\":1}\n{\"key\":\"i\",\"value\":1}\n", LINES), ask("GET", "/-/console"), ask("GET", "/"),
  send("POST", "/-/redis", "[\"SET\",\"a\",\"b\",\"EX\",\"60\",\"NX\"]", JSON_TYPE), send("POST", "/-/redis", "[\"SCAN\",\"0\",\"MATCH\",\"a*\",\"COUNT\",\"5\"]"), send("POST", "/-/redis", "[\"GETRANGE\",\"a\",0,-1]"),
  send("POST", "/-/redis/pipeline", "[[\"INCRBYFLOAT\",\"f\",\"0.1\"],[\"EXPIRE\",\"f\",60,\"NX\"],[\"MGET\",\"a\",\"b\"],[\"NOPE\"]]"), send("POST", "/-/redis/multi-exec", "[[\"INCR\",\"v\"],[\"DEL\",\"v\",\"w\"]]"),
  ask("GET", "/-/redis/get/a?_token=x", ["Upstash-Encoding", "base64"]), send("POST", "/-/redis/set/a?EX=60", "as it is"), ask("GET", "/-/redis/mget/a/b/%00"),
  ask("GET", "/-/unstorage/a:"), ask("GET", "/-/unstorage/a/b"), send("PUT", "/-/unstorage/a:b", "v", ["X-TTL", "60"]), ask("DELETE", "/-/unstorage/a:"), ask("HEAD", "/-/unstorage/a"),
];

/** What is large for the server to answer is asked seldom: one in so many. */
const HEAVY = /^\/-\/(?:backup|console|docs|metrics|openapi\.json)/;
export const HEAVY_ODDS = 30;

export function isHeavy({ target }: WholeRequest): boolean {
  return HEAVY.test(target);
}

/** Every request to begin with. */
export function routeRequests(): readonly WholeRequest[] {
  const document = JSON.parse(readFileSync(join(import.meta.dir, "../../../docs/openapi.json"), "utf8"));
  const contract = new Contract(document);
  const examples = contract.operations.map((located): WholeRequest => {
    const { method, target, headers, body } = exampleRequest(contract, located);
    const octets = body === null ? "" : Buffer.from(body).toString("latin1");
    return { method, target, fields: Object.entries(headers), body: octets };
  });
  return [...examples, ...REQUESTS];
}

function ask(method: string, target: string, ...fields: readonly Field[]): WholeRequest {
  return { method, target, fields, body: "" };
}

function send(method: string, target: string, body: string, ...fields: readonly Field[]): WholeRequest {
  return { method, target, fields, body };
}
