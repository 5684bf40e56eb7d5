// One sequence of commands, played against a server and the model side by side.
import type { Connection } from "./connection.ts";
import { type Command, toAsk } from "./drafts.ts";
import type { Expectation } from "./expectation.ts";
import type { Answer, Ask, Span } from "./messages.ts";
import { expectAnswer } from "./routes.ts";
import type { StoreClock } from "./store-clock.ts";
import { BYTES } from "./values.ts";
import { type Entry, World } from "./world.ts";

/** What was seen in all sequences. */
export interface Tally {
  commands: number;
  requests: number;
  refused: number;
  replayed: number;
  ended: number;
  /** Entries that were compared at the end of sequences. */
  compared: number;
  readonly kinds: Set<string>;
}

export interface Difference {
  /** Of the command, from 0; the number of commands where the whole store differs at the end. */
  readonly index: number;
  readonly ask: Ask;
  readonly what: string;
}

export interface Stage {
  readonly connection: Connection;
  readonly clock: StoreClock;
  /** Of every key; "" where the sequence has the store to itself, which is emptied first. */
  readonly prefix: string;
  /** Unlike that of any other sequence on the server. */
  readonly name: string;
  readonly tally: Tally;
}

/** Null where every answer was as the model has it, and in the end the store too. */
export async function play(
  { connection, clock, prefix, name, tally }: Stage,
  commands: readonly Command[],
): Promise<Difference | null> {
  const world = new World({ prefix, name, deletesInPages: clock.deletesInPages });
  if (prefix === "") await connection.send({ method: "DELETE", target: "/keys", fields: [], body: null });
  const now = () => clock.spanOf({ from: Date.now(), to: Date.now() });
  const step = async (ask: Ask): Promise<string | null> => {
    const from = Date.now();
    tally.requests++;
    const answer = await connection.send(ask).catch((error: unknown) => String(error));
    if (typeof answer === "string") return answer;
    const span = clock.spanOf({ from, to: Date.now() });
    if (answer.status >= 400) tally.refused++;
    if (answer.fields.has("idempotency-replayed")) tally.replayed++;
    return differenceOf(expectAnswer(world, ask, span), answer, span);
  };
  for (const [index, command] of commands.entries()) {
    const ask = toAsk(world, command, now().from);
    if (ask === null) continue;
    tally.commands++;
    tally.kinds.add(command.kind === "ask" ? command.name : command.kind);
    const what = (await step(ask)) ?? (await learn(world, now(), step));
    if (what !== null) return { index, ask, what };
    tally.ended += await untilEnded(world, clock);
  }
  tally.compared += world.entries.size;
  for (const ask of wholeStore(world)) {
    const what = await step(ask);
    if (what !== null) return { index: commands.length, ask, what };
  }
  return null;
}

function differenceOf({ status, checks }: Expectation, answer: Answer, span: Span): string | null {
  if (answer.status !== status) return `expected ${status}, got ${answer.status}: ${answer.body.slice(0, 400)}`;
  for (const check of checks) {
    const wrong = check(answer, span);
    if (wrong !== null) return `status ${status}, but ${wrong}`;
  }
  return null;
}

/** Reads what only the server knows of each entry, so that every later answer can be told in full. */
async function learn(world: World, now: Span, step: (ask: Ask) => Promise<string | null>): Promise<string | null> {
  for (const entry of world.entries.values()) {
    if (isKnown(entry) || endsSoon(entry, now)) continue;
    const target = `/keys/${encodeURIComponent(entry.key)}`;
    const what = await step({ method: "GET", target, fields: [["Accept", BYTES]], body: null });
    if (what !== null) return `read again at ${target}: ${what}`;
  }
  return null;
}

function isKnown({ tag, isSpelt, modified }: Entry): boolean {
  const [from, to] = [modified.from, modified.to].map((ms) => Math.floor(ms / 1000));
  return tag !== null && isSpelt && from === to;
}

const SOON_MS = 1000;

function endsSoon({ ends }: Entry, now: Span): boolean {
  return ends !== null && ends.from - now.to < SOON_MS;
}

/** Waits until nothing is left of which it is not certain whether it has ended. */
async function untilEnded(world: World, clock: StoreClock): Promise<number> {
  const now = clock.spanOf({ from: Date.now(), to: Date.now() });
  const soon = [...world.entries.values()].filter((entry) => endsSoon(entry, now));
  const last = Math.max(0, ...soon.map(({ ends }) => ends?.to ?? 0));
  if (last === 0) return 0;
  await clock.waitUntil(last);
  return world.forgetEnded(last);
}

/** Every entry in full, its bytes apart, and how many there are. */
function wholeStore({ prefix, entries }: World): readonly Ask[] {
  const set = prefix === "" ? "" : `&prefix=${encodeURIComponent(prefix)}`;
  const get = (target: string, fields: Ask["fields"] = []): Ask => ({ method: "GET", target, fields, body: null });
  const keys = [...entries.keys()];
  return [
    get(`/keys?meta&count${set}`),
    get(`/keys?keys&reverse${set}`),
    ...keys.map((key) => get(`/keys/${encodeURIComponent(key)}`, [["Accept", BYTES]])),
  ];
}
