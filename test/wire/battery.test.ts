// The raw battery (cases/), on Keyhold's own transport over TCP, TLS and a Unix socket: each case is a test. At the end it says how
// many passed on each, and how many would on the runtime's transport, which is not held to them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CaseRunner } from "./case-runner.ts";
import { ANSWERS } from "./cases/answers.ts";
import { BOUNDS } from "./cases/bounds.ts";
import { CHUNKS } from "./cases/chunks.ts";
import { CONNECTIONS } from "./cases/connections.ts";
import { EXPECTATIONS } from "./cases/expectations.ts";
import { H1SPEC } from "./cases/h1spec.ts";
import { HEADS } from "./cases/heads.ts";
import { LENGTHS } from "./cases/lengths.ts";
import { PIPELINES } from "./cases/pipelines.ts";
import { TARGETS } from "./cases/targets.ts";
import { RawConnection } from "./raw-connection.ts";
import { ask, type Carrier, type CaseGroup, type CaseSeries, type WireCase } from "./wire-case.ts";
import { startEchoServer, startStoreServer, type WireServer } from "./wire-servers.ts";

const GROUPS: readonly CaseGroup[] = [
  LENGTHS,
  CHUNKS,
  HEADS,
  TARGETS,
  BOUNDS,
  ANSWERS,
  EXPECTATIONS,
  PIPELINES,
  CONNECTIONS,
];
/** Where the kind of socket could make a difference. */
const SOCKET_GROUPS: readonly CaseGroup[] = [PIPELINES, CONNECTIONS];
const H1SPEC_CASES = 33;
const OWN_CASES_MIN = 200;
/** Played at once on the runtime's transport, where many cases end only by running out of their time. */
const AT_ONCE = 40;

/** `SPLITS=all` sends every short case in two parts as well, split at each of its bytes: some 40 s. */
const SPLITS_ALL = process.env["SPLITS"] === "all";
const SPLIT_BYTES_MAX = 500;

const scores: string[] = [];

afterAll(() => {
  if (scores.length > 0) console.log(`Raw battery: ${scores.join("; ")}`);
});

describe("the list", () => {
  test(`has the ${H1SPEC_CASES} cases of h1spec, ${OWN_CASES_MIN} of our own at least, and no two of one name`, () => {
    const names = GROUPS.flatMap(({ cases }) => cases.map(({ name }) => name));
    expect(H1SPEC.cases.length).toBe(H1SPEC_CASES);
    expect(names.length).toBeGreaterThanOrEqual(OWN_CASES_MIN);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describeCases("h1spec", [H1SPEC], () => startEchoServer("keyhold"));
describeCases("plain", applying(GROUPS, "plain"), () => startStoreServer("keyhold", "plain"));
describeCases("TLS", applying(GROUPS, "TLS"), () => startStoreServer("keyhold", "TLS"));
describeCases("Unix socket", applying(SOCKET_GROUPS, "Unix socket"), () => startStoreServer("keyhold", "Unix socket"));

describe("a port for TLS", () => {
  test("answers nothing to HTTP without it, and answers others on", async () => {
    const { target, stop } = await startStoreServer("keyhold", "TLS");
    try {
      if (target.address.is !== "TLS") throw new Error("the server is not asked for over TLS");
      const connection = await RawConnection.open({ is: "plain", port: target.address.port });
      connection.send(ask("GET /-/healthy"));
      while (!connection.hasEnded) await connection.more();
      expect(connection.received.includes("HTTP")).toBe(false);
      connection.close();
      await new CaseRunner(target).run({ name: "", steps: [], answers: [], afterwards: "open" });
    } finally {
      await stop();
    }
  });
});

describe("beside it, the runtime's own transport", () => {
  test("is played the same cases, and their number is printed", async () => {
    await scoreBeside("h1spec on --transport bun", [H1SPEC], () => startEchoServer("bun"));
    await scoreBeside("plain on --transport bun", GROUPS, () => startStoreServer("bun", "plain"));
  }, 60_000);
});

/** Registers each case as a test on one server, which they share. */
function describeCases(title: string, groups: readonly CaseGroup[], start: () => Promise<WireServer>): void {
  describe(title, () => {
    let server: WireServer | null = null;
    let runner: CaseRunner | null = null;
    let played = 0;
    let passed = 0;
    beforeAll(async () => {
      server = await start();
      runner = new CaseRunner(server.target);
    });
    afterAll(async () => {
      await server?.stop();
      // None has run where tests are chosen by their names.
      if (played > 0) scores.push(`${title} ${passed} of ${played}`);
    });
    for (const group of groups) {
      describe(group.title, () => {
        for (const { name, cases } of testsOf(group)) {
          test(name, async () => {
            played++;
            for (const wireCase of cases) await runner?.run(SPLITS_ALL ? splitAnywhere(wireCase) : wireCase);
            passed++;
          });
        }
      });
    }
  });
}

/** By statuses, framing and what becomes of the connection alone: problem documents for what is refused are ours. */
async function scoreBeside(
  title: string,
  groups: readonly CaseGroup[],
  start: () => Promise<WireServer>,
): Promise<void> {
  const server = await start();
  const runner = new CaseRunner(server.target);
  const tests = groups.flatMap(testsOf);
  const left = [...tests];
  let passed = 0;
  const play = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      if (await hasPassed(runner, next)) passed++;
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, play));
  } finally {
    await server.stop();
  }
  scores.push(`${title} ${passed} of ${tests.length}`);
}

async function hasPassed(runner: CaseRunner, { cases }: CaseSeries): Promise<boolean> {
  try {
    for (const wireCase of cases) await runner.runWhole(wireCase);
    return true;
  } catch {
    return false;
  }
}

/** Each case, and each series, is one. */
function testsOf({ cases, series = [] }: CaseGroup): readonly CaseSeries[] {
  return [...cases.map((wireCase) => ({ name: wireCase.name, cases: [wireCase] })), ...series];
}

/** Also in two parts, where it is short and sent at once. */
function splitAnywhere(wireCase: WireCase): WireCase {
  const texts = wireCase.steps.filter((step) => typeof step === "string");
  const bytes = texts.reduce((sum, { length }) => sum + length, 0);
  const canBe = texts.length === 1 && bytes <= SPLIT_BYTES_MAX && wireCase.isDripped !== false;
  return canBe ? { ...wireCase, isSplit: true } : wireCase;
}

function applying(groups: readonly CaseGroup[], carrier: Carrier): readonly CaseGroup[] {
  const applies = ({ notOn = [] }: WireCase) => !notOn.includes(carrier);
  return groups.map((group) => ({ ...group, cases: group.cases.filter(applies) }));
}
