// The change log of a partitioned store: a stream in each partition, read as one. Within a partition changes come in the
// order of commits; between partitions in that of the servers' clocks, which is for the eye alone.
//
// A place in a stream is the id of the change before it, and is proved when it is read from: the change must still be there,
// or be the last that was trimmed. A place that a failed server took with it is neither, and so is found out.
import type { Change } from "../../core/batch.ts";
import { toRevision } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { parseKey } from "../../core/key.ts";
import type { ChangePage, Cursor, LoggedChange } from "../../store/store.ts";
import {
  comparePlaces,
  formatPlace,
  formatVectorCursor,
  LOG_START,
  type LogPlace,
  parsePlace,
  parseVectorCursor,
} from "./cursor.ts";
import { CHANGE_KINDS, type Partition } from "./layout.ts";
import type { Reply } from "./reply.ts";
import { toBytes, toBytesOrNull, toList, toText } from "./reply-shapes.ts";
import type { Servers } from "./servers.ts";

export interface ChangeLogParts {
  readonly servers: Pick<Servers, "read">;
  readonly partitions: readonly Partition[];
  readonly incarnation: string;
}

interface PlacedChange {
  readonly change: Change;
  readonly partition: number;
  readonly place: LogPlace;
}

/** What one partition has behind a place. */
interface Share {
  readonly changes: readonly PlacedChange[];
  /** Whether it has more than these. */
  readonly hasMore: boolean;
  /** Whether the place is in the log; or lies before what is left of it; or was in one that a failed server took along. */
  readonly state: "whole" | "trimmed" | "lost";
  /** Where reading goes on where there are no changes. */
  readonly place: LogPlace;
}

/** Changes that each of many partitions is asked for at least. */
const SHARE_LEAST = 16;
const CHANGE_HEAD_BYTES = 9;

export class ChangeLog {
  readonly #parts: ChangeLogParts;

  constructor(parts: ChangeLogParts) {
    this.#parts = parts;
  }

  /** As Store.changes. */
  async read(after: Cursor | null, limit: number, upTo: Cursor | null): Promise<ChangePage> {
    const from = after === null ? this.#parts.partitions.map(() => LOG_START) : this.#parse(after);
    if (from === null) return this.#nothing(await this.latest(), true);
    const goal = upTo === null ? null : this.#parse(upTo);
    if (upTo !== null && goal === null) return this.#nothing(await this.latest(), true);
    const count = this.#parts.partitions.length;
    const share = count === 1 ? limit : Math.min(limit, Math.max(SHARE_LEAST, Math.ceil((2 * limit) / count)));
    const shares = await Promise.all(
      this.#parts.partitions.map((partition, index) => {
        return this.#readShare(partition, { from: from[index] ?? LOG_START, goal: goal?.[index] ?? null, share });
      }),
    );
    // Where a log has lost a place it is not known what else is missing: a reader begins anew from the end.
    if (shares.some(({ state }) => state === "lost")) return this.#nothing(await this.latest(), true);
    return this.#merge(shares, limit);
  }

  /** As Store.latestCursor. */
  async latest(): Promise<Cursor> {
    const { partitions, incarnation } = this.#parts;
    return formatVectorCursor(
      await Promise.all(partitions.map((partition) => this.#latestPlace(partition))),
      incarnation,
    );
  }

  /** The place behind the last change of a partition. */
  async #latestPlace(partition: Partition): Promise<LogPlace> {
    const { servers } = this.#parts;
    const [last, trimmed] = await Promise.all([
      servers.read(partition.slot, ["XREVRANGE", partition.log, "+", "-", "COUNT", "1"]),
      this.#trimmedPlace(partition),
    ]);
    const [newest] = toList(last);
    return newest === undefined ? trimmed : placeOf(newest);
  }

  /** The last change that was dropped from the log of a partition; its beginning where none was. */
  async #trimmedPlace({ slot, meta }: Partition): Promise<LogPlace> {
    const found = toBytesOrNull(await this.#parts.servers.read(slot, ["HGET", meta, "trimmed"]));
    return found === null ? LOG_START : parsePlace(toText(found));
  }

  async #readShare(
    partition: Partition,
    { from, goal, share }: { readonly from: LogPlace; readonly goal: LogPlace | null; readonly share: number },
  ): Promise<Share> {
    const order = goal === null ? -1 : comparePlaces(from, goal);
    if (order === 0) return { changes: [], hasMore: false, state: "whole", place: from };
    // Beyond the goal nothing is read but the place itself.
    const end = goal === null ? "+" : formatPlace(order > 0 ? from : goal);
    const isStart = from.ms === 0;
    // The place itself is asked for again, which proves that it is there; and one change more, which says that there is more.
    const range = ["XRANGE", partition.log, isStart ? "-" : formatPlace(from), end, "COUNT", String(share + 2)];
    const read = toList(await this.#parts.servers.read(partition.slot, range)).map((item) =>
      toPlacedChange(item, partition.index),
    );
    const [first] = read;
    const isProved = !isStart && first !== undefined && comparePlaces(first.place, from) === 0;
    const changes = isProved ? read.slice(1) : read;
    const found = { changes: changes.slice(0, share), hasMore: changes.length > share };
    // A goal that is not met where there is no more was in a log that a failed server took along.
    const last = changes.at(-1)?.place ?? from;
    const isMissed = goal !== null && order < 0 && !found.hasMore && comparePlaces(last, goal) !== 0;
    if (isProved && !isMissed) return { ...found, state: "whole", place: from };
    const trimmed = await this.#trimmedPlace(partition);
    const age = comparePlaces(from, trimmed);
    if (age === 0 && !isMissed) return { ...found, state: "whole", place: from };
    return { ...found, state: age < 0 ? "trimmed" : "lost", place: trimmed };
  }

  #merge(shares: readonly Share[], limit: number): ChangePage {
    const { incarnation, partitions } = this.#parts;
    const found = shares.flatMap(({ changes }) => changes);
    if (partitions.length > 1) found.sort((a, b) => comparePlaces(a.place, b.place) || a.partition - b.partition);
    const taken = found.slice(0, limit);
    const places = shares.map(({ place }) => place);
    const changes = taken.map(({ change, partition, place }): LoggedChange => {
      places[partition] = place;
      // With many partitions a cursor is long and costs time: one a page is enough to resume from.
      return { ...change, cursor: partitions.length === 1 ? formatVectorCursor(places, incarnation) : null };
    });
    const cursor = formatVectorCursor(places, incarnation);
    const last = changes.at(-1);
    return {
      changes: last === undefined ? [] : [...changes.slice(0, -1), { ...last, cursor }],
      cursor,
      hasMore: found.length > limit || shares.some(({ hasMore }) => hasMore),
      isIncomplete: shares.some(({ state }) => state === "trimmed"),
    };
  }

  #nothing(cursor: Cursor, isIncomplete: boolean): ChangePage {
    return { changes: [], cursor, hasMore: false, isIncomplete };
  }

  #parse(cursor: Cursor): readonly LogPlace[] | null {
    return parseVectorCursor(cursor, this.#parts.incarnation, this.#parts.partitions.length);
  }
}

function toPlacedChange(item: Reply, partition: number): PlacedChange {
  const [, fields] = toList(item);
  const [, packed] = toList(fields ?? null);
  const bytes = Buffer.from(toBytes(packed ?? null));
  const kind = CHANGE_KINDS[bytes[0] ?? 0];
  if (kind === undefined) throw new KeyholdError("internal", "The change log holds a change of an unknown kind");
  const revision = toRevision(bytes.readUInt32BE(1) * 2 ** 32 + bytes.readUInt32BE(5));
  const key = parseKey(bytes.toString("utf8", CHANGE_HEAD_BYTES));
  return { change: { kind, key, revision }, partition, place: placeOf(item) };
}

function placeOf(item: Reply): LogPlace {
  const [id] = toList(item);
  return parsePlace(toText(id ?? null));
}
