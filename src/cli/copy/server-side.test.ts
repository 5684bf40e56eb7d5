// Tests of server-side.ts against answers that a server should not give: what is read is believed only when it is whole.
import { describe, expect, test } from "bun:test";
import { entryOf } from "../../../test/support/fake-side.ts";
import { endLine } from "../../wire/export-format.ts";
import { ExportTally } from "../export-lines.ts";
import { importLine } from "./import-line.ts";
import { openServerSide } from "./server-side.ts";

const ORIGIN = `${JSON.stringify({ keyhold_export: 1, revision: 1, incarnation: "other", at: "2026-11-20T12:00:00.000Z" })}\n`;
const LINES = [ORIGIN, importLine(entryOf("a", "1")), importLine(entryOf("b", "2"))];

function endOf(lines: readonly string[]): string {
  const tally = new ExportTally();
  for (const line of lines) tally.add(Buffer.from(line));
  return endLine(tally.entries, tally.digest());
}

/** What is read of a server that answers so. */
async function readFrom(exported: string): Promise<readonly string[]> {
  const info = { now: "2026-11-20T12:00:00.000Z", store: { incarnation: "other", entries: 2 } };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => (url.endsWith("/-/info") ? Response.json(info) : new Response(exported)),
  });
  try {
    const remote = { url: server.url.origin, token: null };
    const side = await openServerSide(remote, { nowMs: () => 0, signal: new AbortController().signal });
    expect<number>(side.now()).toBe(Date.parse(info.now));
    const keys: string[] = [];
    for await (const page of side.pages(null)) keys.push(...page.map(({ key }) => key));
    return keys;
  } finally {
    await server.stop(true);
  }
}

describe("an export that is read", () => {
  test("whole is believed", async () => {
    expect(await readFrom([...LINES, endOf(LINES)].join(""))).toEqual(["a", "b"]);
  });
  test("without its last line is not", async () => {
    expect(readFrom(LINES.join(""))).rejects.toThrow("has been cut short");
  });
  test("with a line too few is not", async () => {
    expect(readFrom([...LINES.slice(0, -1), endOf(LINES)].join(""))).rejects.toThrow("The export is damaged");
  });
  test("with a part of a line behind its end is not", async () => {
    expect(readFrom([...LINES, endOf(LINES), "{"].join(""))).rejects.toThrow("has been cut short");
  });
});
