// A case of the client's suite: it runs in whatever runtime the client is imported in, and so uses nothing but the client and
// the web's interfaces. What fails is thrown.
import type * as Client from "../../src/client/keyhold.ts";

export type Api = typeof Client;
export type Db = Client.Keyhold;

export interface ClientCase {
  readonly name: string;
  readonly run: (context: CaseContext) => Promise<void>;
}

export interface CaseContext {
  readonly api: Api;
  /** Of an open server, through a prefix that no other case and no other runtime has. */
  readonly db: Db;
  /** The same entries; what becomes of each request is said by a plan (test/support/fault-proxy.ts). */
  faulty(plan: string, options?: Client.KeyholdOptions): Faulty;
  /** The open server. */
  readonly url: string;
  /** A server that asks for tokens, and a secret that gives leave for everything there. */
  readonly guarded: { readonly url: string; readonly secret: string };
}

export interface Faulty {
  readonly db: Db;
  /** What has arrived, in its order, as "PUT /keys/a". */
  requests(): Promise<readonly string[]>;
  /** The names of writes that have arrived. */
  names(): Promise<readonly (string | null)[]>;
}

export function expectEqual(actual: unknown, expected: unknown): void {
  const [found, wanted] = [show(actual), show(expected)];
  if (found !== wanted) throw new Error(`Expected ${wanted}, found ${found}`);
}

export function expectTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Expected that ${what}`);
}

/** Of a time that has begun to run: some of it may have passed on a machine that is busy. */
export function expectNear(ms: number | null | undefined, wantedMs: number): void {
  expectTrue(typeof ms === "number" && ms <= wantedMs && ms > wantedMs - 20_000, `${ms} ms are nearly ${wantedMs} ms`);
}

/** What a call fails with; its code is looked at. */
export async function expectCode(asked: Promise<unknown>, code: string): Promise<Client.KeyholdError> {
  try {
    await asked;
  } catch (error) {
    if (isKeyholdError(error) && error.code === code) return error;
    throw new Error(`Expected a failure with ${code}, found ${error}`, { cause: error });
  }
  throw new Error(`Expected a failure with ${code}, and there was none`);
}

export async function collect<T>(items: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length === count) break;
  }
  return found;
}

/** By what it is, not by its class: the runner may hold another copy of it. */
function isKeyholdError(error: unknown): error is Client.KeyholdError {
  return error instanceof Error && error.name === "KeyholdError";
}

/** A text that is the same for what is the same: members by name, bytes and instants by what they are. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${[...value].join(" ")}`;
  if (value instanceof Date) return `instant ${value.toISOString()}`;
  if (value instanceof Map) return `map ${show([...value])}`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(JSON.stringify(value));
  const members = Object.entries(value).filter(([, member]) => member !== undefined && typeof member !== "function");
  return `{${members
    .map(([name, member]) => `${name}: ${show(member)}`)
    .toSorted()
    .join(", ")}}`;
}
