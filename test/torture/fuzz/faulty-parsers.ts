// Parsers of HTTP with a fault each, which the comparison with Node's has to find, or it could find none of ours.

import { makeCases } from "../../wire/fuzz/campaign.ts";
import { judge } from "../../wire/fuzz/judge.ts";
import { makeContext, playAll } from "../../wire/fuzz/round.ts";
import type { Witness } from "../../wire/fuzz/witness.ts";

/** Two bytes that are no CRLF, behind a chunk of one to nine bytes. */
const WRONG_CHUNK_ENDS = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(
  (size) => new RegExp(`(?<=\\r\\n${size}\\r\\n[\\s\\S]{${size}})(?!\\r\\n)[\\s\\S]{2}`, "g"),
);

/**
 * Faults that a parser may have, as what such a parser would have read: our transport, which has none of them, is given the stream
 * with the fault corrected, the witness the stream as it is.
 */
export const FAULTY_PARSERS: Readonly<Record<string, (stream: string) => string>> = {
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

/** What the judge says of a message that was taken and should not have been. */
const TAKEN = /^it took|^it went on|differs/;
const BATCH_STREAMS = 1000;

/** What is found of a faulty parser in so many streams, null for nothing. */
export async function findFault(
  witness: Witness,
  { fault, seed, streams }: { readonly fault: string; readonly seed: number; readonly streams: number },
): Promise<string | null> {
  const context = makeContext();
  const correct = FAULTY_PARSERS[fault] ?? ((stream) => stream);
  for (let at = 0; at < streams; at += BATCH_STREAMS) {
    const altered = makeCases(seed + at, BATCH_STREAMS).filter(({ stream }) => correct(stream) !== stream);
    const asked = witness.ask(altered.map(({ stream }) => stream));
    const plays = await playAll(
      altered.map(({ stream, delivery }) => ({ stream: correct(stream), delivery })),
      context,
    );
    for (const [index, testimony] of (await asked).entries()) {
      const play = plays[index];
      const verdict = play === undefined ? null : judge(play, testimony);
      if (verdict?.is === "fault" && TAKEN.test(verdict.what)) return verdict.what;
    }
  }
  return null;
}
