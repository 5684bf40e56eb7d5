// Whether transactions were strictly serialisable. Revisions give the order of those that wrote: carried out one after the other in
// the model, each must come to what its client was told. What wrote nothing (a read, a failed check) must be explained by the state
// between two of them. And the order must be that of the clients' clock: of two that were not under way at once the later comes later.
import type { Expected, TransactionModel } from "../../support/transaction-model.ts";
import type { Told } from "./asked-exchange.ts";
import { ACCOUNTS, type Asked, BALANCE, isWriting } from "./draw-asked.ts";

export interface AskedOnce {
  readonly client: number;
  readonly asked: Asked;
  readonly told: Told;
  /** On the clock of the clients, which goes on by one with each beginning and each end. */
  readonly calledAt: number;
  /** Infinite for what got no answer. */
  readonly endedAt: number;
}

/** A state that the store was in: behind the commit of this revision. */
interface State {
  readonly revision: number;
  readonly model: TransactionModel;
}

export interface Verdict {
  readonly faults: readonly string[];
  /** The state behind all of it. */
  readonly model: TransactionModel;
  readonly revision: number;
}

type Writer = AskedOnce & { readonly told: Extract<Told, { kind: "committed" }> };

/** @param before - the state that the first of them met */
export function checkTransactions(before: State, all: readonly AskedOnce[]): Verdict {
  const faults: string[] = [];
  const states = replay(before, all, faults);
  // Behind the first that does not fit nothing else is to be expected to.
  if (faults.length === 0) placeAll(states, all, faults);
  for (const each of all) if (!hasWholeSum(each)) faults.push(`The accounts do not add up: ${show(each)}`);
  const { model, revision } = states.at(-1) ?? before;
  return { faults, model, revision };
}

/** Every state in turn; stops at the first transaction that was told something else. */
function replay(before: State, all: readonly AskedOnce[], faults: string[]): readonly State[] {
  const states = [before];
  let latest = before;
  for (const writer of writersOf(all).toSorted((one, other) => one.told.revision - other.told.revision)) {
    const { asked, told } = writer;
    if (asked.kind === "read") continue;
    const model = latest.model.fork();
    const expected = model.apply(asked.transaction, told.revision);
    const isMade = "results" in expected && told.revision > latest.revision;
    const isSame = isMade && (told.results === null || Bun.deepEquals(told.results, expected.results));
    if (!isSame) {
      faults.push(
        `In the order of revisions ${show(writer)} had to be ${JSON.stringify(expected)}, behind ${latest.revision}`,
      );
      break;
    }
    latest = { revision: told.revision, model };
    states.push(latest);
  }
  return states;
}

/** Goes along the clock, and gives each its place among the states: the earliest that explains it, so that later ones have room. */
function placeAll(states: readonly State[], all: readonly AskedOnce[], faults: string[]): void {
  const ends = endsOfRoom(all);
  const floors = new Map<AskedOnce, number>();
  let floor = 0;
  const happenings = all.flatMap((each) => [
    { at: each.calledAt, isEnd: false, each },
    { at: each.endedAt, isEnd: true, each },
  ]);
  for (const { isEnd, each } of happenings.sort((one, other) => one.at - other.at)) {
    if (!isEnd) {
      floors.set(each, floor);
      continue;
    }
    const least = floors.get(each) ?? 0;
    const place = placeOf(each, { states, least, end: ends(each.endedAt) });
    if (place === null) faults.push(`No state from ${states[least]?.revision} on explains ${show(each)}`);
    else if (each.endedAt < Number.POSITIVE_INFINITY) floor = Math.max(floor, place);
  }
}

/** The index of the state that it left, or met where it wrote nothing; null where there is none from `least` up to `end`. */
function placeOf(
  { asked, told }: AskedOnce,
  { states, least, end }: { readonly states: readonly State[]; readonly least: number; readonly end: number },
): number | null {
  if (told.kind === "committed") {
    const place = indexOf(states, told.revision);
    if (asked.kind !== "read" && isWriting(asked.transaction)) return place > least ? place : null;
    return place >= least && explains(states[place], asked, told) ? place : null;
  }
  for (let place = least; place < states.length && (states[place]?.revision ?? end) < end; place++) {
    if (explains(states[place], asked, told)) return place;
  }
  return null;
}

function explains(state: State | undefined, asked: Asked, told: Told): boolean {
  if (state === undefined) return false;
  if (asked.kind === "read")
    return told.kind === "entries" && Bun.deepEquals(told.entries, state.model.entries(asked.keys));
  const expected: Expected = state.model.fork().apply(asked.transaction);
  if (told.kind === "committed") return "results" in expected && Bun.deepEquals(told.results, expected.results);
  return told.kind === "failed" && Bun.deepEquals(told.answer, expected);
}

/** Of an instant, the least revision of what began to write behind it: a state of that revision had not been met by then. */
function endsOfRoom(all: readonly AskedOnce[]): (instant: number) => number {
  const writers = writersOf(all).toSorted((one, other) => one.calledAt - other.calledAt);
  const least: number[] = [];
  for (let index = writers.length - 1; index >= 0; index--) {
    least[index] = Math.min(writers[index]?.told.revision ?? 0, least[index + 1] ?? Number.POSITIVE_INFINITY);
  }
  return (instant) => {
    let [first, last] = [0, writers.length];
    while (first < last) {
      const middle = (first + last) >> 1;
      if ((writers[middle]?.calledAt ?? 0) > instant) last = middle;
      else first = middle + 1;
    }
    return least[first] ?? Number.POSITIVE_INFINITY;
  };
}

/** Of the last state whose revision is no greater. */
function indexOf(states: readonly State[], revision: number): number {
  let [first, last] = [0, states.length];
  while (first < last) {
    const middle = (first + last) >> 1;
    if ((states[middle]?.revision ?? 0) > revision) last = middle;
    else first = middle + 1;
  }
  return first - 1;
}

function writersOf(all: readonly AskedOnce[]): readonly Writer[] {
  return all.flatMap((each) => {
    const { asked, told } = each;
    const isWriter = told.kind === "committed" && asked.kind !== "read" && isWriting(asked.transaction);
    return isWriter ? [{ ...each, told }] : [];
  });
}

/** Whether whoever saw all accounts at once saw all the money; judged without the model. */
function hasWholeSum({ told }: AskedOnce): boolean {
  const shown = told.kind === "entries" ? told.entries : told.kind === "committed" ? (told.results ?? []) : [];
  const balances = new Map<string, number>();
  const text = JSON.stringify(shown);
  for (const [, key = "", value] of text.matchAll(/"key":"(acc\d)","value":(-?\d+),"content_type"/g)) {
    balances.set(key, Number(value));
  }
  if (balances.size < ACCOUNTS.length) return true;
  return [...balances.values()].reduce((sum, each) => sum + each, 0) === ACCOUNTS.length * BALANCE;
}

function show({ client, asked, told, calledAt, endedAt }: AskedOnce): string {
  return JSON.stringify({ client, asked, told, calledAt, endedAt });
}
