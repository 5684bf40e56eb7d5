// The raw battery: bytes on plain sockets, TLS and a Unix socket, whole, byte by byte and split, each answered as the RFCs and the
// protocol have it. The list of h1spec, and our own: smuggling, framing, bounds, pipelines, half-closed clients.

import type { RequestHandler } from "../../../src/http/exchange.ts";
import { Connection } from "../../../src/http/transport/connection.ts";
import { CaseRunner } from "../../wire/case-runner.ts";
import type { Carrier } from "../../wire/wire-case.ts";
import { ECHO, startEchoServer, startStoreServer, type Transport, type WireServer } from "../../wire/wire-servers.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "../method.ts";
import { type BatteryItem, H1SPEC_ITEMS, ownItems, splitAnywhere } from "./battery.ts";

/** Cases side by side on one server: they differ in their keys. */
const AT_ONCE = 4;
/** From so many passes on, each short case is split at each of its bytes too. */
const SPLITS_PASSES = 2;
const SHOWN_LENGTH = 600;
/** A line feed behind anything but a carriage return. */
const BARE_LF = /(?<=[^\r])\n/g;

export const wire: Method = {
  name: "wire",
  summary: "Raw bytes against the rules of HTTP: the list of h1spec, and our own battery, on every kind of socket",
  unit: "passes",
  rounds: { short: 1, long: 2 },
  variants: [],
  plants: [
    {
      name: "other-transport",
      summary: "requests are read by the runtime's own transport",
      finds: /Sent whole/,
      rounds: 1,
    },
    {
      name: "bare-line-feed",
      summary: "a line feed alone ends a line, as some parsers have it",
      finds: /bare LF/,
      rounds: 1,
    },
    { name: "body-shortened", summary: "the last octet of a chunked body is lost", finds: /the body is/, rounds: 1 },
  ],
  lacks: () => null,
  run,
};

/** What is played on one server, and how many of its cases have passed each time. */
interface Part {
  readonly title: string;
  readonly items: readonly BatteryItem[];
  readonly start: () => Promise<WireServer>;
}

interface Tally {
  readonly passed: Map<string, number>;
  readonly faults: string[];
  deliveries: number;
}

async function run({ rounds, plant, say }: Run): Promise<Findings> {
  const parts = partsOf(plant);
  const tally: Tally = { passed: new Map(), faults: [], deliveries: 0 };
  const mend = plant === "bare-line-feed" ? plantBareLineFeed() : () => {};
  try {
    for (let pass = 1; pass <= rounds && tally.faults.length < FAULTS_MAX; pass++) {
      for (const part of parts) await playPart(part, tally, { isSplit: rounds >= SPLITS_PASSES });
      say(`pass ${pass}, ${tally.deliveries} deliveries, ${tally.faults.length} faults`);
    }
  } finally {
    mend();
  }
  return { figures: figuresOf(parts, tally, rounds), faults: tally.faults };
}

function partsOf(plant: string | null): readonly Part[] {
  const transport: Transport = plant === "other-transport" ? "bun" : "keyhold";
  const handler = plant === "body-shortened" ? SHORTENING : ECHO;
  const own = (carrier: Carrier): Part => ({
    title: carrier,
    items: ownItems(carrier),
    start: () => startStoreServer(transport, carrier),
  });
  const h1spec = { title: "h1spec", items: H1SPEC_ITEMS, start: () => startEchoServer(transport, handler) };
  return [h1spec, own("plain"), own("TLS"), own("Unix socket")];
}

async function playPart(
  { title, items, start }: Part,
  tally: Tally,
  { isSplit }: { readonly isSplit: boolean },
): Promise<void> {
  const server = await start();
  const runner = new CaseRunner(server.target);
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined && tally.faults.length < FAULTS_MAX; item = left.shift()) {
      const fault = await play(runner, item, isSplit);
      if (fault === null) tally.passed.set(title, (tally.passed.get(title) ?? 0) + 1);
      else tally.faults.push(`On ${title}, ${item.title}: ${fault}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  } finally {
    tally.deliveries += runner.deliveries;
    await server.stop();
  }
}

/** What is wrong with it, null for nothing. */
async function play(runner: CaseRunner, { cases }: BatteryItem, isSplit: boolean): Promise<string | null> {
  try {
    for (const wireCase of cases) await runner.run(isSplit ? splitAnywhere(wireCase) : wireCase);
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, SHOWN_LENGTH);
  }
}

function figuresOf(parts: readonly Part[], { passed, deliveries }: Tally, rounds: number): Findings["figures"] {
  const rows = parts.map(({ title, items }) => [
    title === "h1spec" ? title : `our own on ${title}`,
    `${passed.get(title) ?? 0} of ${items.length * rounds}`,
  ]);
  return { ...Object.fromEntries(rows), "cases sent": deliveries };
}

/** The echo, but for the last octet of what comes in chunks. */
const SHORTENING: RequestHandler = {
  ...ECHO,
  async handle(incoming) {
    const reply = await ECHO.handle(incoming);
    const isChunked = incoming.header("transfer-encoding") !== null;
    return isChunked && reply.body instanceof Uint8Array ? { ...reply, body: reply.body.subarray(0, -1) } : reply;
  },
};

/** What comes to connections of this process is read as a parser would that takes a line feed alone. Returns what ends that. */
function plantBareLineFeed(): () => void {
  const { received } = Connection.prototype;
  Connection.prototype.received = function (bytes) {
    received.call(this, Buffer.from(bytes.toString("latin1").replaceAll(BARE_LF, "\r\n"), "latin1"));
  };
  return () => {
    Connection.prototype.received = received;
  };
}
