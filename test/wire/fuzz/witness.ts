// Asks Node's HTTP server (node-witness.mjs, a process of its own) what it makes of streams, a batch at a time.
import { fileURLToPath } from "node:url";
import { linesOf } from "../../support/lines-of.ts";

/** A message that Node's parser took whole. */
export interface WitnessMessage {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Names as sent, and values, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** As octets. */
  readonly body: string;
}

export interface Testimony {
  readonly messages: readonly WitnessMessage[];
  /** The message behind them, as far as it has come, where its head is whole. */
  readonly begun: WitnessMessage | null;
  /**
   * What stands behind the last of them: nothing wrong so far (open), what the parser refuses (refused), the end of a connection
   * that both sides know of (closed), a tunnel (connect), or what Node's server refuses itself (status-400, status-417).
   */
  readonly end: string;
  /** The parser's code for what it refused, such as "HPE_INVALID_METHOD". */
  readonly code: string | null;
  /** In what it is stricter than the RFCs, and was asked again with it mended. */
  readonly mends: readonly string[];
}

export interface Witness {
  readonly version: string;
  ask(streams: readonly string[]): Promise<readonly Testimony[]>;
  close(): void;
}

const PROGRAM = fileURLToPath(new URL("node-witness.mjs", import.meta.url));
const LENGTH_BYTES = 4;

export async function startWitness(): Promise<Witness> {
  const child = Bun.spawn(["node", PROGRAM], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const lines = linesOf(child.stdout);
  const next = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("The witness has ended");
    return value;
  };
  // One question after the other, as its answers come in order.
  let last: Promise<unknown> = Promise.resolve();
  return {
    version: await next(),
    async ask(streams) {
      const before = last;
      const answer = Promise.withResolvers<void>();
      last = answer.promise;
      child.stdin.write(batchOf(streams));
      await child.stdin.flush();
      await before;
      try {
        return JSON.parse(await next()).map(toTestimony);
      } finally {
        answer.resolve();
      }
    },
    close: () => child.kill(),
  };
}

type RawMessage = readonly [method: string, target: string, version: string, fields: readonly string[], body: string];
type RawTestimony = Omit<Testimony, "messages" | "begun"> & {
  readonly messages: readonly RawMessage[];
  readonly begun: RawMessage | null;
};

function toTestimony({ messages, begun, ...rest }: RawTestimony): Testimony {
  return { ...rest, messages: messages.map(toMessage), begun: begun === null ? null : toMessage(begun) };
}

function toMessage([method, target, version, flat, body]: RawMessage): WitnessMessage {
  const fields: (readonly [string, string])[] = [];
  for (let index = 0; index < flat.length; index += 2) fields.push([flat[index] ?? "", flat[index + 1] ?? ""]);
  return { method, target, version, fields, body };
}

function batchOf(streams: readonly string[]): Uint8Array {
  const bytes = streams.reduce((sum, stream) => sum + LENGTH_BYTES + stream.length, 0);
  const batch = Buffer.allocUnsafe(LENGTH_BYTES + bytes);
  let at = batch.writeUInt32BE(bytes, 0);
  for (const stream of streams) {
    at = batch.writeUInt32BE(stream.length, at);
    at += batch.write(stream, at, "latin1");
  }
  return batch;
}
