// How a server is asked for what workloads do. Keyhold's own way stands here; those of the servers that it is compared with,
// beside them (bench/peers/).
import { KEY_MARK, makeOperation, type Operation } from "./operation.ts";
import type { ValuePool } from "./value-pool.ts";

/** What workloads ask for. Not every server that is compared with has all of it. */
export type Asked = "get" | "missing" | "head" | "put" | "create" | "count" | "page" | "all";

export type Dialect = ReadonlyMap<Asked, Operation>;

export interface KeyholdPlace {
  /** Lines of the head that every request has, each with its end: Host, and Authorization where there is a token. */
  readonly fields: string;
  /** Further lines of writes of values. */
  readonly writeFields: string;
  /** What the path of an entry begins with: "/" for values as they are, "/keys/" for entries as JSON. */
  readonly path: "/" | "/keys/";
  /** What all keys begin with. */
  readonly prefix: string;
}

/** Entries of one page. */
const PAGE_ENTRIES = 100;

export function makeKeyholdDialect(place: KeyholdPlace, values: ValuePool): Dialect {
  const { fields, writeFields, path, prefix } = place;
  const begun = encodeURIComponent(prefix);
  const entry = (name: string) => `${path}${prefix}${name}`;
  const key = entry(`key${KEY_MARK}`);
  const get = { kind: "read", method: "GET", statuses: [200], fields, target: key, body: null } as const;
  const put = { ...get, kind: "write", method: "PUT", fields: `${fields}${writeFields}`, body: values } as const;
  const count = {
    kind: "write",
    method: "PATCH",
    statuses: [200, 201, 204],
    fields: `${fields}Content-Type: application/x-www-form-urlencoded\r\n`,
    target: entry("count"),
    body: "incr=1",
  } as const;
  const all = prefix === "" ? "/keys" : `/keys?prefix=${begun}`;
  const page = `${all}${prefix === "" ? "?" : "&"}limit=${PAGE_ENTRIES}&start=${begun}key${KEY_MARK}`;
  return new Map<Asked, Operation>([
    ["get", makeOperation(get)],
    ["missing", makeOperation({ ...get, statuses: [404], target: entry(`none${KEY_MARK}`) })],
    ["head", makeOperation({ ...get, method: "HEAD" })],
    ["put", makeOperation({ ...put, statuses: [200, 204] })],
    ["create", makeOperation({ ...put, statuses: [201], target: entry(`new${KEY_MARK}`) })],
    ["count", makeOperation(count)],
    ["page", makeOperation({ ...get, target: page })],
    ["all", makeOperation({ ...get, fields: `${fields}Accept: application/x-ndjson\r\n`, target: all })],
  ]);
}
