// What a watch tells, and how it stands on the wire: a line of JSON an event (docs/protocol.md §12).
import { type Context, ownKey } from "./context.ts";
import { parseJsonValue, textOf } from "./entry.ts";
import { bytesOfView, memberText, parseAnswer, unexpected } from "./entry-json.ts";
import { dateAt, isJsonObject, type JsonObject, numberAt, textAt } from "./json-shape.ts";

/** Where a watch can go on, or null where it cannot go on from this very event. */
interface Placed {
  readonly cursor: string | null;
}

/** An entry was written, or is part of the snapshot. */
export interface PutEvent extends Placed {
  readonly type: "put";
  readonly key: string;
  readonly revision: number;
  /** The value as it stood when the event was sent; null where it was gone by then, or values were not asked for. */
  readonly value: Uint8Array | null;
  /** The write that `value` is of, which may be later than `revision`; null without a value. */
  readonly valueRevision: number | null;
  /** The value as text; null without one. */
  text(): string | null;
  /** The value as JSON shows it: what JSON text says, else a string. Null without one. */
  json<T = unknown>(): T | null;
}

export type WatchEvent =
  | PutEvent
  | ({ readonly type: "delete"; readonly key: string; readonly revision: number } & Placed)
  | ({ readonly type: "expire"; readonly key: string; readonly revision: number } & Placed)
  /** Its end was changed; only where `touches` was asked for. `expiresAt` is null for never, and where it is gone by now. */
  | ({
      readonly type: "touch";
      readonly key: string;
      readonly revision: number;
      readonly expiresAt: Date | null;
    } & Placed)
  /** What was missed, or the snapshot, has been told whole; what follows is live. */
  | ({ readonly type: "ready" } & Placed)
  /** The log has gone on past changes that are not told here; also a sign of life. */
  | ({ readonly type: "bookmark" } & Placed)
  /** Changes may have been lost: forget what the snapshot that follows, up to `ready`, does not show. */
  | ({ readonly type: "reset"; readonly reason: string } & Placed);

/** What ends a stream, which the watch takes care of itself. */
export interface ByeEvent {
  readonly type: "bye";
  readonly reason: string;
}

/** Null for an event of a later server, which is not known here. */
export function parseEvent(context: Context, line: string): WatchEvent | ByeEvent | null {
  const event = parseAnswer(line);
  if (!isJsonObject(event)) throw unexpected(line);
  const cursor = textAt(event, "cursor");
  const type = textAt(event, "event");
  switch (type) {
    case "put":
      return putEvent(context, event, line);
    case "delete":
    case "expire":
      return { type, ...change(context, event, line), cursor };
    case "touch":
      return { type, ...change(context, event, line), expiresAt: dateAt(event, "expires_at"), cursor };
    case "ready":
    case "bookmark":
      return { type, cursor };
    case "reset":
    case "bye": {
      const reason = textAt(event, "reason") ?? "";
      return type === "reset" ? { type, reason, cursor } : { type, reason };
    }
    default:
      return null;
  }
}

function putEvent(context: Context, event: JsonObject, line: string): PutEvent {
  const shown = event["value"];
  const { key, revision } = change(context, event, line);
  const hasValue = shown !== undefined;
  const value = hasValue ? bytesOfView(shown, () => memberText(line, "value"), null) : null;
  const text = () => (value === null ? null : textOf(value));
  return {
    type: "put",
    key,
    revision,
    cursor: textAt(event, "cursor"),
    value,
    valueRevision: numberAt(event, "value_revision"),
    text,
    json: () =>
      hasValue ? parseJsonValue(key, typeof shown === "string" ? JSON.stringify(shown) : (text() ?? "")) : null,
  };
}

function change(
  context: Context,
  event: JsonObject,
  line: string,
): { readonly key: string; readonly revision: number } {
  const [key, revision] = [textAt(event, "key"), numberAt(event, "revision")];
  if (key === null || revision === null) throw unexpected(line);
  return { key: ownKey(context, key), revision };
}
