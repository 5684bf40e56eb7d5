// What a long command says of how far it is, on a terminal and elsewhere.
import { describe, expect, test } from "bun:test";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { makeProgress, showWork, toBytesText } from "./progress.ts";

describe("elsewhere than on a terminal", () => {
  test("a line is said at the start, and at each tenth", () => {
    const host = makeFakeHost();
    const progress = makeProgress(host, "copy");
    for (let done = 1; done <= 100; done++) {
      host.passTime(10);
      progress.update({ done, total: 100, bytes: done * 1000 });
    }
    progress.end();
    const lines = host.error().trimEnd().split("\n");
    expect(lines[0]).toBe("keyhold: copy: begun");
    expect(lines[1]).toBe("keyhold: copy: 10 %, 10.0 kB, 100.0 kB/s, 1 s left");
    expect(lines.length).toBeWithin(10, 12);
    expect(host.error()).not.toContain("\r");
  });

  test("a line is said after ten seconds where the end is not known", () => {
    const host = makeFakeHost();
    const progress = makeProgress(host, "copy");
    host.passTime(9_999);
    progress.update({ done: 1, total: null, bytes: 5 });
    host.passTime(1);
    progress.update({ done: 2, total: null, bytes: 10 });
    expect(host.error()).toBe("keyhold: copy: begun\nkeyhold: copy: 10 B, 1 B/s\n");
  });
});

describe("on a terminal", () => {
  test("one line is drawn anew, ten times a second at most, and taken away at the end", () => {
    const host = { ...makeFakeHost(), isErrorTerminal: true };
    const progress = makeProgress(host, "copy");
    for (let done = 1; done <= 100; done++) {
      host.passTime(10);
      progress.update({ done, total: 100, bytes: done * 1000 });
    }
    progress.end();
    const drawn = host.error().split("\r\u001b[K");
    expect(drawn.at(-1)).toBe("");
    expect(drawn.length).toBeWithin(10, 13);
    expect(drawn[2]).toBe("copy [###---------------------] 11 %, 11.0 kB, 100.0 kB/s, 1 s left");
    expect(host.error()).not.toContain("\n");
  });
});

test("sizes are written with the unit that fits", () => {
  expect([0, 999, 1000, 1_500_000, 2e9, 5e15].map(toBytesText)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.5 MB",
    "2.0 GB",
    "5000.0 TB",
  ]);
});

describe("work of unknown length", () => {
  const host = (isErrorTerminal: boolean) => ({ ...makeFakeHost(), isErrorTerminal });

  test("is shown on a terminal with the time that it takes, and taken away at its end", async () => {
    const shown = host(true);
    const { promise, resolve } = Promise.withResolvers<number>();
    const work = showWork(shown, "delete", promise);
    while (!shown.error().includes("delete, 2 s")) await new Promise(setImmediate);
    resolve(7);
    expect(await work).toBe(7);
    expect(shown.error()).toEndWith("\r\u001b[K");
    const failing = host(true);
    expect(await showWork(failing, "delete", Promise.reject(new Error("no"))).catch(String)).toBe("Error: no");
    expect(failing.error()).toEndWith("\r\u001b[K");
  });

  test("says nothing elsewhere", async () => {
    const quiet = host(false);
    expect(await showWork(quiet, "delete", Promise.resolve(1))).toBe(1);
    expect(quiet.error()).toBe("");
  });
});
