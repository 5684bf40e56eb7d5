// Whether there is an order of the operations on one key that explains every answer, in which each takes effect at one instant
// between its beginning and its end: Wing and Gong's search, just in time and with the configurations remembered, as Lowe has it
// ("Testing for linearizability", 2017); Porcupine is its best-known kin. A store is linearizable where each key is (Herlihy and Wing).
//
// A configuration is what has taken effect of the operations that are under way, and the state behind it. When an operation ends, it
// must have taken effect in each configuration; what else is under way takes effect before it only where that is tried. One without
// an answer may end without having done so, and is forgotten then. An operation that changes nothing where it fits is taken at once:
// taken later it would change nothing either.
import { type KeyState, NO_ENTRY, type Operation, step } from "./key-model.ts";

/** No order explains the answer of this operation. */
export interface Violation {
  readonly operation: Operation;
  /** Those that were under way when it ended. */
  readonly underWay: readonly Operation[];
  /** What the key may have been like shortly before. */
  readonly states: readonly KeyState[];
}

interface Configuration {
  /** A bit for each place of what is under way, set where it has taken effect. */
  readonly done: number;
  readonly state: KeyState;
}

interface Happening {
  readonly at: number;
  readonly isEnd: boolean;
  readonly operation: Operation;
}

/** Operations on one key that may be under way at once, those without an answer among them; bits of a small integer. */
export const UNDER_WAY_MAX = 30;

/** Null where the operations of one key, in whatever order they come, are linearizable from no entry on. */
export function checkKey(operations: readonly Operation[]): Violation | null {
  const places: (Operation | null)[] = [];
  let configurations: readonly Configuration[] = [{ done: 0, state: NO_ENTRY }];
  for (const { isEnd, operation } of happenings(operations)) {
    if (!isEnd) {
      takePlace(places, operation);
      continue;
    }
    const place = places.indexOf(operation);
    const next = endOne(configurations, places, place);
    if (next.length === 0) {
      const underWay = places.filter((each) => each !== null && each !== operation);
      return {
        operation,
        underWay: underWay.filter((each) => each !== null),
        states: configurations.map(({ state }) => state),
      };
    }
    configurations = next;
    places[place] = null;
  }
  return null;
}

/** One that ends at no time at all needs no end: that it has taken effect or not is tried as long as anything else ends. */
function happenings(operations: readonly Operation[]): readonly Happening[] {
  const all: Happening[] = [];
  for (const operation of operations) {
    all.push({ at: operation.calledAt, isEnd: false, operation });
    if (operation.endedAt < Number.POSITIVE_INFINITY) all.push({ at: operation.endedAt, isEnd: true, operation });
  }
  return all.sort((one, other) => one.at - other.at);
}

function takePlace(places: (Operation | null)[], operation: Operation): void {
  const free = places.indexOf(null);
  const place = free < 0 ? places.length : free;
  if (place >= UNDER_WAY_MAX) throw new Error(`More than ${UNDER_WAY_MAX} operations on one key are under way at once`);
  places[place] = operation;
}

/** The configurations behind the end of the operation at a place, which is free in them. */
function endOne(
  configurations: readonly Configuration[],
  places: readonly (Operation | null)[],
  place: number,
): readonly Configuration[] {
  const bit = 1 << place;
  const isOptional = places[place]?.answer.kind === "unknown";
  const met = new Set<string>();
  const ended = new Map<string, Configuration>();
  const end = ({ done, state }: Configuration) => {
    const configuration = { done: done & ~bit, state };
    ended.set(nameOf(configuration), configuration);
  };
  const open = [...configurations];
  if (isOptional) for (const configuration of configurations) end(configuration);
  for (let found = open.pop(); found !== undefined; found = open.pop()) {
    const configuration = takeWhatChangesNothing(found, places);
    if ((configuration.done & bit) !== 0) {
      end(configuration);
      continue;
    }
    const name = nameOf(configuration);
    if (met.has(name)) continue;
    met.add(name);
    for (const [other, operation] of places.entries()) {
      if (operation === null || (configuration.done & (1 << other)) !== 0) continue;
      const state = step(configuration.state, operation);
      if (state !== null) open.push({ done: configuration.done | (1 << other), state });
    }
  }
  return [...ended.values()];
}

function takeWhatChangesNothing({ done, state }: Configuration, places: readonly (Operation | null)[]): Configuration {
  let all = done;
  for (const [place, operation] of places.entries()) {
    const bit = 1 << place;
    if (operation !== null && (all & bit) === 0 && step(state, operation) === state) all |= bit;
  }
  return all === done ? { done, state } : { done: all, state };
}

function nameOf({ done, state: { value, tag, revision, floor } }: Configuration): string {
  return `${done}|${tag}|${revision}|${floor}|${value === null ? "" : `=${value}`}`;
}
