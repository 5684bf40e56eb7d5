// Request streams by the thousand, good and nasty, cut at random points: our transport takes from each what Node's HTTP server takes,
// or less for a reason that stands in the list of deliberate.ts. STREAMS=1000000 runs as many, SEED= those from that number on.
import { afterAll, expect, test } from "bun:test";
import { type Failure, makeCases, type Report, runCampaign } from "./campaign.ts";
import { DELIBERATE } from "./deliberate.ts";
import { judge } from "./judge.ts";
import { makeContext, playAll } from "./round.ts";
import { shrink } from "./shrink.ts";
import { startWitness } from "./witness.ts";

const STREAMS = Number(process.env["STREAMS"] ?? 8000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);
/** Streams between two lines that say how far a long run is. */
const PROGRESS_STREAMS = 100_000;
/**
 * By how many objects for each stream of half the run the heap may grow. A connection that stays behind is dozens of them; bytes
 * say less, as the heap swings by tens of megabytes, the more where others work.
 */
const OBJECTS_A_STREAM_MAX = 2;
/** What the heap may grow by in a run of a few streams, where what runs for the first time is most of it. */
const OBJECTS_SLACK = 5000;
/** Failing streams that are made small and printed. */
const SHOWN_MAX = 3;
const CLIPPED_LENGTH = 4000;
const RUN_MS = 60_000 + STREAMS * 2;

const witness = await startWitness();
afterAll(() => witness.close());

test(
  "nothing is taken that Node's parser refuses or frames otherwise, and nothing refused but by the list",
  async () => {
    const startedAt = performance.now();
    const report = await runCampaign({ witness, seed: SEED, streams: STREAMS, onBatch: showProgress });
    console.log(summaryOf(report, performance.now() - startedAt));
    for (const failure of report.failures.slice(0, SHOWN_MAX)) console.log(await shown(failure));
    expect(report.failures.map(({ seed, what }) => `SEED=${seed} STREAMS=1: ${what}`)).toEqual([]);
    const objects = report.memory.map((look) => look.objects);
    const half = objects.length >> 1;
    const growth = Math.min(...objects.slice(half)) - Math.min(...objects.slice(0, half));
    expect(growth).toBeLessThan(Math.max((OBJECTS_A_STREAM_MAX * STREAMS) / 2, OBJECTS_SLACK));
  },
  RUN_MS,
);

/** Two bytes that are no CRLF, behind a chunk of one to nine bytes. */
const WRONG_CHUNK_ENDS = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(
  (size) => new RegExp(`(?<=\\r\\n${size}\\r\\n[\\s\\S]{${size}})(?!\\r\\n)[\\s\\S]{2}`, "g"),
);

/**
 * Faults that a parser may have, as what such a parser would have read: our transport, which has none of them, is given the stream
 * with the fault corrected, the witness the stream as it is.
 */
const PLANTED: Readonly<Record<string, (stream: string) => string>> = {
  "a bare LF ends a field": (stream) => stream.replaceAll(/(?<=: [^\r\n]*)\n(?=[A-Za-z-]+:)/g, "\r\n"),
  "a bare CR is part of a value": (stream) => stream.replaceAll(/(?<=: [^\r\n]*)\r(?=[A-Za-z])/g, " "),
  "a folded field is joined": (stream) => stream.replaceAll(/\r\n[ \t]+(?=[a-z])/g, " "),
  "a space before a colon is passed over": (stream) => stream.replaceAll(/^([A-Za-z-]+)[ \t]+:/gm, "$1:"),
  "a NUL is passed over": (stream) => stream.replaceAll(/(?<=: [^\r\n]*)\0/g, ""),
  "the last of two lengths counts": (stream) =>
    stream.replaceAll(/^content-length: [^\r\n]*\r\n(?=content-length:)/gim, ""),
  "the coding counts, and not the length": (stream) =>
    stream.replaceAll(/content-length: [0-9]+\r\n(?=(?:[^\r\n]+\r\n)*transfer-encoding: chunked\r\n)/gi, ""),
  "the sign of a length is passed over": (stream) => stream.replaceAll(/(?<=content-length: )[+-](?=[0-9])/gi, ""),
  "the length of a chunk's data is 32 bits": (stream) => stream.replaceAll(/(?<=\r\n)10{7}([0-9])\r\n/g, "$1\r\n"),
  "a chunk's line may end with a bare LF": (stream) => stream.replaceAll(/(?<=\r\n[0-9a-f]+)\n/gi, "\r\n"),
  "the end of a chunk is not looked at": (stream) =>
    WRONG_CHUNK_ENDS.reduce((corrected, end) => corrected.replaceAll(end, "\r\n"), stream),
  "a size may be written 0x": (stream) => stream.replaceAll(/(?<=\r\n)0x(?=[0-9a-f])/gi, ""),
  "any version is 1.1": (stream) => stream.replaceAll(/ HTTP\/[0-9]\.[2-9]\r\n/g, " HTTP/1.1\r\n"),
  "a tab stands for a space in the request line": (stream) => stream.replaceAll(/^([A-Z]+)\t(?=\/)/gm, "$1 "),
  "a missing Host is made up": (stream) =>
    stream.replaceAll(/( HTTP\/1\.1\r\n)(?=(?:(?!host:)[^\r\n]+\r\n){0,9}\r\n)/gi, "$1Host: x\r\n"),
  "Connection: close is not heeded": (stream) => stream.replaceAll(/^Connection: close\r\n/gim, ""),
};

/**
 * Where the streams begin in which the planted faults are to be found, and how many there are. The same each time: what is looked
 * at is whether streams are drawn that tell such a parser from others, and the rarest fault is in five of ten thousand.
 */
const PLANTED_SEED = 1;
const PLANTED_STREAMS = 20_000;

/** What the judge says of a message that was taken and should not have been. */
const TAKEN = /^it took|^it went on|differs/;

for (const [fault, correct] of Object.entries(PLANTED)) {
  test(`a parser in which ${fault} would be found`, async () => {
    const context = makeContext();
    let found: string | null = null;
    for (let at = 0; at < PLANTED_STREAMS && found === null; at += 1000) {
      const altered = makeCases(PLANTED_SEED + at, 1000).filter(({ stream }) => correct(stream) !== stream);
      const asked = witness.ask(altered.map(({ stream }) => stream));
      const plays = await playAll(
        altered.map(({ stream, delivery }) => ({ stream: correct(stream), delivery })),
        context,
      );
      for (const [index, testimony] of (await asked).entries()) {
        const play = plays[index];
        const verdict = play === undefined ? null : judge(play, testimony);
        if (verdict?.is === "fault" && TAKEN.test(verdict.what)) found ??= verdict.what;
      }
    }
    expect(found).not.toBeNull();
  });
}

function showProgress({ streams, failures, memory }: Report): void {
  if (streams % PROGRESS_STREAMS === 0) {
    console.log(`${streams} streams, ${failures.length} faults, ${megabytes(memory.at(-1)?.residentBytes ?? 0)} MB`);
  }
}

function summaryOf(report: Report, tookMs: number): string {
  const { streams, again, bytes, taken, counts, mends, memory } = report;
  const rows = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, number]) => `${String(number).padStart(9)}  ${name}${whyOf(name)}`);
  return [
    `SEED=${SEED}: ${streams} streams of ${Math.round(bytes / streams)} bytes and ${(taken / streams).toFixed(2)} requests answered, ${again} of them delivered twice,`,
    `in ${(tookMs / 1000).toFixed(1)} s beside ${witness.version}; memory at each tenth: ${memory.map(({ residentBytes }) => megabytes(residentBytes)).join(", ")} MB`,
    `objects at each tenth: ${memory.map(({ objects }) => objects).join(", ")}`,
    ...rows,
    `asked again with a byte mended: ${[...mends].map(([name, number]) => `${name} ${number}`).join(", ")}`,
  ].join("\n");
}

function whyOf(name: string): string {
  const deliberate = DELIBERATE.find(({ rule }) => name === `stricter: ${rule}`);
  return deliberate === undefined ? "" : ` (${deliberate.section}: ${deliberate.why})`;
}

async function shown({ seed, what, failed }: Failure): Promise<string> {
  const { stream, delivery } = await shrink(witness, failed);
  return `SEED=${seed} STREAMS=1: ${what}\nsmallest: ${clipped(stream)}\ndelivered: ${clipped(delivery)}`;
}

function clipped(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > CLIPPED_LENGTH ? `${text.slice(0, CLIPPED_LENGTH)}… (${text.length} in all)` : text;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
