import { expect, test } from "bun:test";
import { ReplyError } from "./reply.ts";
import { parseSentinelAnswer, rankAnswers } from "./sentinel-answers.ts";

const bulk = (text: string) => Buffer.from(text);
const OLD = { host: "10.0.0.1", port: 6379 };
const NEW = { host: "10.0.0.2", port: 6379 };

test("an answer is an address, and the number of fail-overs where the Sentinel says it", () => {
  const named = [bulk("10.0.0.1"), bulk("6379")];
  const described = ["name", "m", "ip", "10.0.0.1", "config-epoch", "7", "flags", "master"].map(bulk);
  expect(parseSentinelAnswer(named, described)).toEqual({ address: OLD, epoch: 7 });
  expect(parseSentinelAnswer(named, new ReplyError("NOPERM no"))).toEqual({ address: OLD, epoch: 0 });
  expect(parseSentinelAnswer(named, ["name", "m"].map(bulk))).toEqual({ address: OLD, epoch: 0 });
});

test("no address is no answer", () => {
  for (const named of [null, new ReplyError("ERR no"), [], [bulk("10.0.0.1")], [bulk("10.0.0.1"), bulk("x")]]) {
    expect(parseSentinelAnswer(named, null)).toBeNull();
  }
});

test("who knows of the last fail-over is believed before the many who do not", () => {
  const answers = [
    { address: OLD, epoch: 3 },
    { address: NEW, epoch: 4 },
    { address: OLD, epoch: 3 },
  ];
  expect(rankAnswers(answers)).toEqual([NEW, OLD]);
});

test("of those who know of as many, the majority is believed", () => {
  const answers = [
    { address: OLD, epoch: 0 },
    { address: NEW, epoch: 0 },
    { address: NEW, epoch: 0 },
  ];
  expect(rankAnswers(answers)).toEqual([NEW, OLD]);
  expect(rankAnswers([])).toEqual([]);
});
