// `GET /keys?watch`: a stream of what happens to a selection of entries (contract §12). Which events there are stands in
// service/watch/feed.ts, how they are written in event-stream.ts.
import { KeyholdError } from "../core/errors.ts";
import type { Selection } from "../service/entries.ts";
import type { Interest } from "../service/watch/channels.ts";
import type { WatchFeed } from "../service/watch/feed.ts";
import type { HubView } from "../service/watch/hub-view.ts";
import { FIELD } from "../wire/headers.ts";
import { negotiate } from "./accept.ts";
import { EVENT_LINES, type EventFormat, SSE, writePart } from "./event-stream.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { NARROWING_PARAMETERS, readKeySet, readNamedKeys, refuseBesideKeys } from "./listing.ts";
import type { Parameters } from "./parameters.ts";
import { readFromSince, readSince } from "./waits.ts";

export interface WatchRequest {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
  readonly hub: HubView;
}

const WATCH_PARAMETERS = ["key", ...NARROWING_PARAMETERS, "watch", "values", "touches", "since"] as const;

export async function watchCollection({ incoming, parameters, hub }: WatchRequest): Promise<Reply> {
  parameters.requireKnown(WATCH_PARAMETERS);
  const interest: Interest = {
    selection: readSelection(parameters),
    hasTouches: parameters.flag("touches"),
    hasValues: parameters.integer("values", { min: 0, max: 1 }) !== 0,
  };
  const format = chooseFormat(incoming);
  const since = readSince(parameters, incoming);
  const headers = {
    [FIELD.contentType]: format.mediaType,
    [FIELD.cacheControl]: "no-cache",
    [FIELD.accelBuffering]: "no",
    [FIELD.vary]: FIELD.accept,
  };
  if (incoming.method === "HEAD") return { status: 200, headers, body: nothing() };
  const feed = await readFromSince(hub.openFeed({ interest, since }, incoming.signal), incoming);
  incoming.keepOpen();
  return { status: 200, headers, body: write(feed, format) };
}

async function* write(feed: WatchFeed, format: EventFormat): AsyncGenerator<string | Uint8Array> {
  yield format.open;
  for await (const part of feed.parts()) yield writePart(part, format);
}

async function* nothing(): AsyncGenerator<string> {}

function chooseFormat(incoming: Incoming): EventFormat {
  const offers = [SSE.mediaType, EVENT_LINES.mediaType];
  const chosen = negotiate(incoming.header(FIELD.accept), offers);
  if (chosen === SSE.mediaType) return SSE;
  if (chosen === EVENT_LINES.mediaType) return EVENT_LINES;
  throw new KeyholdError(
    "not-acceptable",
    `Cannot answer as ${incoming.header(FIELD.accept)}: a watch is served as ${offers.join(", ")}`,
  );
}

/** @throws "invalid-parameter", "invalid-key" */
function readSelection(parameters: Parameters): Selection {
  const keys = readNamedKeys(parameters);
  if (keys === null) return { set: readKeySet(parameters) };
  refuseBesideKeys(parameters, NARROWING_PARAMETERS);
  return { keys };
}
