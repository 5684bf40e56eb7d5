// The same commands asked of a real Valkey and of /-/redis, and their answers in one form, so that the two can be compared.
import { toEpochMs } from "../../src/core/expiry.ts";
import { MemoryStore } from "../../src/engines/memory/store.ts";
import type { Store } from "../../src/store/store.ts";
import type { Http } from "./http-client.ts";
import { makeAppServer } from "./http-harness.ts";
import { type ValkeyWire, WireError } from "./valkey-wire.ts";

/** Texts one character a byte; an error is its line behind "!". */
export type Said = string | number | null | readonly Said[];
export type Words = readonly string[];

export interface RedisSide {
  one(words: Words): Promise<Said>;
  /** The answers of all, or the error with which nothing was done. */
  transaction(lines: readonly Words[]): Promise<Said>;
}

export function valkeySide(wire: ValkeyWire): RedisSide {
  const ask = async (words: Words): Promise<Said> => {
    try {
      return await wire.ask(...words.map((word) => Buffer.from(word).toString("latin1")));
    } catch (error) {
      if (error instanceof WireError) return `!${error.message}`;
      throw error;
    }
  };
  return {
    one: ask,
    async transaction(lines) {
      await ask(["MULTI"]);
      const queued: Said[] = [];
      for (const words of lines) queued.push(await ask(words));
      return ask(["EXEC"]);
    },
  };
}

/** Asks for Base64, so that bytes come as they are. */
export function keyholdSide(http: Http): RedisSide {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const { text } = await http.postJson(`/-/redis${path}`, JSON.stringify(body), { "Upstash-Encoding": "base64" });
    return JSON.parse(text);
  };
  return {
    one: async (words) => said(await post("", words)),
    async transaction(lines) {
      const answer = await post("/multi-exec", lines);
      // Inside an array the wire of a test shows the line of an error alone.
      return Array.isArray(answer)
        ? answer.map(said).map((item) => (isError(item) ? item.slice(1) : item))
        : said(answer);
    },
  };
}

/** A store in memory by the clock of the wall, as a real server has it. */
export function makeWallClockStore(): Store {
  return new MemoryStore({
    now: () => toEpochMs(Date.now()),
    incarnation: "memory1",
    historyChanges: 1000,
    idempotencyAgeMs: 60_000,
    idempotencyBytes: 1_000_000,
    storeBytes: 0,
  });
}

export function keyholdOver(store: Store): RedisSide {
  return keyholdSide(makeAppServer(store).http);
}

export function isError(answer: Said): answer is string {
  return typeof answer === "string" && answer.startsWith("!");
}

function said(answer: unknown): Said {
  if (typeof answer !== "object" || answer === null) throw new Error(`Answered ${JSON.stringify(answer)}`);
  if ("error" in answer) return `!${String(answer.error)}`;
  return "result" in answer ? decoded(answer.result) : null;
}

function decoded(result: unknown): Said {
  if (Array.isArray(result)) return result.map(decoded);
  if (typeof result === "string") return result === "OK" ? result : Buffer.from(result, "base64").toString("latin1");
  if (typeof result === "number" || result === null) return result;
  throw new Error(`Answered ${JSON.stringify(result)}`);
}
