import { describe, expect, test } from "bun:test";
import { toRevision } from "../core/entry.ts";
import { toEpochMs } from "../core/expiry.ts";
import { parseKey } from "../core/key.ts";
import { ChangeBatch, type ChangeEvent } from "../service/watch/batch.ts";
import type { FeedPart } from "../service/watch/feed.ts";
import type { ShownEntry } from "../service/watch/shown-entries.ts";
import { toCursor } from "../store/cursor.ts";
import { EVENT_LINES, SSE, writePart } from "./event-stream.ts";

const KEY = parseKey('a"b');
const CURSOR = toCursor("7.x");
const ENTRY: ShownEntry = { key: KEY, revision: toRevision(9), expiresAt: toEpochMs(0), text: '{"v": 1}' };

function changes(kind: ChangeEvent["change"]["kind"], entry: ShownEntry | null, cursor = true): FeedPart {
  const change = { kind, key: KEY, revision: toRevision(7), cursor: cursor ? CURSOR : null };
  return { is: "changes", batch: new ChangeBatch([{ change, entry }]) };
}

function written(part: FeedPart, format: typeof SSE): string {
  const text = writePart(part, format);
  return typeof text === "string" ? text : new TextDecoder().decode(text);
}

const PAIR = '"key":"a\\"b","revision":7';
const RESET = '"reason":"The changes after this place are not in the log any more; everything follows anew"';
const VALUE = ',"value":{"v": 1},"value_revision":9';

describe("an event", () => {
  test.each<[FeedPart, string, string | null, string]>([
    [changes("put", ENTRY), "put", CURSOR, `${PAIR}${VALUE}`],
    [changes("put", ENTRY, false), "put", null, `${PAIR}${VALUE}`],
    [changes("put", { ...ENTRY, text: null }), "put", CURSOR, PAIR],
    [changes("put", null), "put", CURSOR, PAIR],
    [changes("delete", null), "delete", CURSOR, PAIR],
    [changes("expire", null), "expire", CURSOR, PAIR],
    [changes("touch", ENTRY), "touch", CURSOR, `${PAIR},"expires_at":"1970-01-01T00:00:00.000Z"`],
    [changes("touch", { ...ENTRY, expiresAt: null }), "touch", CURSOR, `${PAIR},"expires_at":null`],
    [changes("touch", null), "touch", CURSOR, PAIR],
    [
      { is: "entries", entries: [{ ...ENTRY, revision: toRevision(7) }] },
      "put",
      null,
      `${PAIR},"value":{"v": 1},"value_revision":7`,
    ],
    [{ is: "ready", cursor: CURSOR }, "ready", CURSOR, ""],
    [{ is: "bookmark", cursor: CURSOR }, "bookmark", CURSOR, ""],
    [{ is: "reset" }, "reset", null, RESET],
    [{ is: "bye", reason: "too-slow" }, "bye", null, '"reason":"too-slow"'],
  ])("%#, of %j, is written in either form", (part, name, cursor, members) => {
    const id = cursor === null ? "" : `id: ${cursor}\n`;
    expect(written(part, SSE)).toBe(`event: ${name}\n${id}data: {${members}}\n\n`);
    const place = cursor === null ? "" : `,"cursor":"${cursor}"`;
    expect(written(part, EVENT_LINES)).toBe(`{"event":"${name}"${place}${members === "" ? "" : `,${members}`}}\n`);
  });

  test("that is a sign of life is a comment, or a bookmark as a line", () => {
    expect(written({ is: "heartbeat", cursor: CURSOR }, SSE)).toBe(": heartbeat\n\n");
    expect(written({ is: "heartbeat", cursor: CURSOR }, EVENT_LINES)).toBe('{"event":"bookmark","cursor":"7.x"}\n');
    expect(written({ is: "heartbeat", cursor: null }, EVENT_LINES)).toBe('{"event":"bookmark"}\n');
  });

  test("is written once for all who are sent its batch in the same form", () => {
    const part = changes("put", ENTRY);
    expect(writePart(part, SSE)).toBe(writePart(part, SSE));
    expect(written(part, SSE)).not.toBe(written(part, EVENT_LINES));
  });
});
