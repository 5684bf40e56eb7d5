// Plays a batch of streams side by side, each on a connection of its own, through as many turns of the event loop as they take:
// until nothing happens any more, then the clients close, and again until nothing happens.
import { BodyBudget } from "../../../src/http/body-budget.ts";
import { StreamBudget } from "../../../src/http/stream-budget.ts";
import { BulkCollector } from "../../../src/http/transport/bulk-memory.ts";
import { type ConnectionContext, Tally } from "../../../src/http/transport/context.ts";
import { DateField } from "../../../src/http/transport/date-field.ts";
import { RequestBody } from "../../../src/http/transport/request-body.ts";
import type { Delivery } from "./delivery.ts";
import { Play } from "./play.ts";

export interface Case {
  readonly stream: string;
  readonly delivery: Delivery;
}

/** Turns without anything happening after which nothing will. */
const QUIET_TURNS = 3;
/** No case takes as many; one that does hangs in a circle. */
const TURNS_MAX = 20_000;
const SCRATCH_BYTES = 64 * 1024;

/** Of one server, whose connections they are. Time stands still: nothing is cut for being late. */
export function makeContext(): Omit<ConnectionContext, "handler"> {
  const steadyMs = () => 0;
  const bodies = new BodyBudget(Number.POSITIVE_INFINITY);
  return {
    bodies,
    noBody: new RequestBody({ is: "none" }, bodies, () => {}),
    answers: new StreamBudget({ limitBytes: Number.POSITIVE_INFINITY, graceMs: 1000, steadyMs, after: () => {} }),
    unsentBytes: Number.POSITIVE_INFINITY,
    tally: new Tally(),
    date: new DateField(),
    scratch: Buffer.alloc(SCRATCH_BYTES),
    pace: { idleMs: 1000, bytesPerSecond: 0 },
    headTimeoutMs: 1000,
    requestsInFlight: 1 << 20,
    nextTurn: (run) => void setImmediate(run),
    steadyMs,
    // Memory is looked at by whoever runs these.
    collector: new BulkCollector(() => {}, steadyMs),
  };
}

export async function playAll(
  cases: readonly Case[],
  context: Omit<ConnectionContext, "handler">,
): Promise<readonly Play[]> {
  const plays = cases.map(({ stream, delivery }) => new Play(stream, delivery, context, nextTurn));
  await untilQuiet(plays);
  for (const play of plays) {
    play.rest();
    play.end();
  }
  await untilQuiet(plays);
  return plays;
}

async function untilQuiet(plays: readonly Play[]): Promise<void> {
  const progress = () => plays.reduce((sum, play) => sum + play.progress, 0);
  let before = progress();
  for (let turns = 0, quiet = 0; turns < TURNS_MAX && quiet < QUIET_TURNS; turns++) {
    for (const play of plays) play.turn();
    await nextTurn();
    const now = progress();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
