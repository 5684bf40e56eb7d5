// How events are written down: as Server-Sent Events (HTML §9.2) or as a line of JSON each. A sent format. JSON is written as
// text, as everywhere: values stand in it as they are shown by the JSON view, on one line.
import type { ChangeEvent } from "../service/watch/batch.ts";
import type { FeedPart } from "../service/watch/feed.ts";
import type { ShownEntry } from "../service/watch/shown-entries.ts";
import { MEDIA } from "../wire/headers.ts";

export interface EventFormat {
  readonly mediaType: string;
  /** What a stream begins with. */
  readonly open: string;
  /** An event, with the place to resume from behind it where it is one. `members` is the inside of a JSON object. */
  readonly event: (name: string, cursor: string | null, members: string) => string;
  /** What is sent while there is nothing to tell. */
  readonly heartbeat: (cursor: string | null) => string;
}

/** Time after which a browser connects again, in milliseconds. */
const RETRY_MS = 1000;
const RESET_REASON = "The changes after this place are not in the log any more; everything follows anew";
const encoder = new TextEncoder();

export const SSE: EventFormat = {
  mediaType: MEDIA.eventStream,
  open: `retry: ${RETRY_MS}\n\n`,
  event: (name, cursor, members) => `event: ${name}\n${cursor === null ? "" : `id: ${cursor}\n`}data: {${members}}\n\n`,
  heartbeat: () => ": heartbeat\n\n",
};

export const EVENT_LINES: EventFormat = {
  mediaType: MEDIA.ndjson,
  open: "",
  event: eventLine,
  heartbeat: (cursor) => eventLine("bookmark", cursor, ""),
};

export function writePart(part: FeedPart, format: EventFormat): string | Uint8Array {
  switch (part.is) {
    case "changes":
      return part.batch.inForm(format.mediaType, (events) =>
        encoder.encode(events.map((event) => writeChange(event, format)).join("")),
      );
    case "entries":
      return part.entries.map((entry) => format.event("put", null, putMembers(entry, entry))).join("");
    case "ready":
    case "bookmark":
      return format.event(part.is, part.cursor, "");
    case "heartbeat":
      return format.heartbeat(part.cursor);
    case "reset":
      return format.event("reset", null, `"reason":"${RESET_REASON}"`);
    case "bye":
      return format.event("bye", null, `"reason":"${part.reason}"`);
    default:
      return part satisfies never;
  }
}

function writeChange({ change, entry }: ChangeEvent, format: EventFormat): string {
  return format.event(change.kind, change.cursor, changeMembers({ change, entry }));
}

function changeMembers({ change, entry }: ChangeEvent): string {
  switch (change.kind) {
    case "put":
      return putMembers(change, entry);
    case "touch":
      return `${keyMembers(change)}${entry === null ? "" : `,"expires_at":${instant(entry.expiresAt)}`}`;
    case "delete":
    case "expire":
      return keyMembers(change);
    default:
      return change.kind satisfies never;
  }
}

/** The value is of the revision beside it, which may be later than the event's. */
function putMembers(put: Pick<ShownEntry, "key" | "revision">, entry: ShownEntry | null): string {
  if (entry === null || entry.text === null) return keyMembers(put);
  return `${keyMembers(put)},"value":${entry.text},"value_revision":${entry.revision}`;
}

function keyMembers({ key, revision }: Pick<ShownEntry, "key" | "revision">): string {
  return `"key":${JSON.stringify(key)},"revision":${revision}`;
}

function instant(expiresAt: number | null): string {
  return expiresAt === null ? "null" : `"${new Date(expiresAt).toISOString()}"`;
}

function eventLine(name: string, cursor: string | null, members: string): string {
  const place = cursor === null ? "" : `,"cursor":"${cursor}"`;
  return `{"event":"${name}"${place}${members === "" ? "" : `,${members}`}}\n`;
}
