// What is asked of several keys at once on the wire, and what its answers tell, in the words of the model of transactions.
import type { KeptAnswer } from "../../support/kept-connection.ts";
import type { Expected } from "../../support/transaction-model.ts";
import type { Asked } from "./draw-asked.ts";

export type Told =
  | { readonly kind: "unknown" }
  | {
      readonly kind: "committed";
      readonly revision: number;
      /** Null where they were not told. */
      readonly results: readonly unknown[] | null;
    }
  /** 409, and why. */
  | { readonly kind: "failed"; readonly answer: Expected }
  | { readonly kind: "entries"; readonly entries: readonly unknown[] };

export function renderAsked(asked: Asked, host: string): string {
  if (asked.kind === "read") return `GET ${readTarget(asked.keys)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const { transaction } = asked;
  if (asked.kind === "transaction") {
    const body = JSON.stringify(transaction);
    return `POST /-/txn HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }
  const pairs = transaction.ops.flatMap((each) => ("put" in each ? [`${each.put.key}=${each.put.value}`] : []));
  return `PUT /keys?${pairs.join("&")} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`;
}

/** Null where the server says that it has done nothing. @throws Error for an answer that nothing here may get */
export function readTold(asked: Asked, { status, head, body }: KeptAnswer): Told | null {
  if (status === 503) return null;
  if (status === 504) return { kind: "unknown" };
  const answer = readJson(body);
  if (asked.kind === "read" && status === 200) return { kind: "entries", entries: answer };
  if (asked.kind === "batch" && (status === 200 || status === 201)) {
    const [, revision] = /\r\nRevision: (\d+)/.exec(head) ?? [];
    return { kind: "committed", revision: Number(revision), results: null };
  }
  if (asked.kind === "transaction" && status === 200) return { kind: "committed", ...answer };
  if (asked.kind === "transaction" && status === 409) {
    const { code, failures, else: otherwise = [], operation = null } = answer;
    return { kind: "failed", answer: code === "check-failed" ? { failures, else: otherwise } : { code, operation } };
  }
  throw new Error(`${JSON.stringify(asked)} was answered ${head} ${body}`);
}

/** Without what a clock or the store alone gives, at any depth. */
export function readJson(text: string) {
  return JSON.parse(text, (name, value: unknown) => (OWN.has(name) ? undefined : value));
}

const OWN: ReadonlySet<string> = new Set(["created_at", "etag", "modified_at", "ttl"]);

function readTarget(keys: readonly string[]): string {
  return `/keys?meta&${keys.map((key) => `key=${key}`).join("&")}`;
}
