// What one key may do (contract §4, §8, §9), for the checker: whether an operation with the answer that it had fits a state, and
// what the key is like behind it. Written from the contract and not from the sources. Tags and revisions are part of a state; those
// of a write without an answer are not known until a read shows them.

export interface KeyState {
  /** Null where there is no entry. */
  readonly value: string | null;
  /** Null where it is not known. */
  readonly tag: string | null;
  readonly revision: number | null;
  /** No earlier write had more, and a later one has more, also where the entry is deleted in between. */
  readonly floor: number;
}

export type Condition =
  | { readonly kind: "none" }
  | { readonly kind: "absent" }
  | { readonly kind: "tag"; readonly tag: string };

export type ReadView = "value" | "head" | "listing" | "entry" | "unless";

export type Request =
  | { readonly kind: "read"; readonly view: ReadView; readonly tag: string | null }
  | { readonly kind: "put"; readonly value: string; readonly condition: Condition }
  | { readonly kind: "delete"; readonly isTake: boolean; readonly condition: Condition }
  | { readonly kind: "count"; readonly by: number; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "append"; readonly text: string };

/** What an answer tells of an entry that is there; null for what it does not tell. */
export interface Shown {
  readonly value: string | null;
  readonly bytes: number | null;
  readonly tag: string | null;
  readonly revision: number | null;
}

export type Answer =
  /** It may have been carried out, or may still be. */
  | { readonly kind: "unknown" }
  | { readonly kind: "shown"; readonly entry: Shown | null }
  | { readonly kind: "written"; readonly isNew: boolean; readonly entry: Shown }
  | { readonly kind: "removed"; readonly entry: Shown }
  | { readonly kind: "missing" }
  /** 412. A revision of null says that there is no entry. */
  | { readonly kind: "mismatch"; readonly revision: number | null }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly value: string | null };

export type RefusalCode = "not-an-integer" | "out-of-range" | "value-too-large";

/** One request of one client on one key. */
export interface Operation {
  readonly client: number;
  readonly request: Request;
  readonly answer: Answer;
  /** On the clock of the clients, which goes on by one with each beginning and each end, so that no two instants are the same. */
  readonly calledAt: number;
  /** When the answer was there, or from when on an operation without one can no longer be carried out. */
  readonly endedAt: number;
}

export const NO_ENTRY: KeyState = { value: null, tag: null, revision: null, floor: 0 };
export const NOTHING_TOLD: Shown = { value: null, bytes: null, tag: null, revision: null };
/** At the short path. */
export const VALUE_BYTES_MAX = 1024;

const INTEGER = /^(?:0|-?[1-9]\d*)$/;

/**
 * The state behind an operation; null where it cannot have had its answer in this state, or where one without an answer would have
 * done nothing. The very same state where nothing is changed and nothing learnt.
 */
export function step(state: KeyState, { request, answer }: Pick<Operation, "request" | "answer">): KeyState | null {
  if (answer.kind === "mismatch") {
    const isRefusable = "condition" in request && !holds(state, request.condition);
    // Of a missing entry DELETE is 404, whatever the condition (contract §9).
    if (!isRefusable || (request.kind === "delete" && state.value === null)) return null;
    if (answer.revision === null) return state.value === null ? state : null;
    return learn(state, { ...NOTHING_TOLD, revision: answer.revision });
  }
  switch (request.kind) {
    case "read":
      if (answer.kind !== "shown") return null;
      if (answer.entry === null) return state.value === null ? state : null;
      return learn(state, answer.entry);
    case "put":
      return holds(state, request.condition) ? write(state, request.value, answer) : null;
    case "delete":
      return remove(state, request.condition, answer);
    case "count":
      return count(state, request, answer);
    case "append": {
      const value = `${state.value ?? ""}${request.text}`;
      if (value.length <= VALUE_BYTES_MAX) return write(state, value, answer);
      return answer.kind === "refused" && answer.code === "value-too-large" ? state : null;
    }
  }
}

function holds(state: KeyState, condition: Condition): boolean {
  switch (condition.kind) {
    case "none":
      return true;
    case "absent":
      return state.value === null;
    case "tag":
      // A tag that no operation before has shown as this state's is another state's: a client sends only what it was told.
      return state.value !== null && state.tag === condition.tag;
  }
}

function write(state: KeyState, value: string, answer: Answer): KeyState | null {
  if (answer.kind === "unknown") return { value, tag: null, revision: null, floor: state.floor + 1 };
  if (answer.kind !== "written" || answer.isNew !== (state.value === null)) return null;
  const { entry } = answer;
  if (entry.value !== null && entry.value !== value) return null;
  if (entry.revision !== null && entry.revision <= state.floor) return null;
  const floor = entry.revision ?? state.floor + 1;
  return { value, tag: entry.tag, revision: entry.revision, floor };
}

function remove(state: KeyState, condition: Condition, answer: Answer): KeyState | null {
  if (state.value === null) return answer.kind === "missing" ? state : null;
  if (answer.kind === "missing" || !holds(state, condition)) return null;
  if (answer.kind === "unknown") return { ...NO_ENTRY, floor: state.floor + 1 };
  const before = answer.kind === "removed" ? learn(state, answer.entry) : null;
  return before === null ? null : { ...NO_ENTRY, floor: before.floor + 1 };
}

function count(state: KeyState, request: Extract<Request, { kind: "count" }>, answer: Answer): KeyState | null {
  // A missing counter stands where it would begin.
  const stands = state.value ?? "0";
  const refusal = answer.kind === "refused" ? answer : null;
  if (!INTEGER.test(stands) || !Number.isSafeInteger(Number(stands))) {
    return refusal?.code === "not-an-integer" ? state : null;
  }
  const sum = Number(stands) + request.by;
  const isWithin = sum >= (request.min ?? Number.MIN_SAFE_INTEGER) && sum <= (request.max ?? Number.MAX_SAFE_INTEGER);
  if (isWithin) return write(state, String(sum), answer);
  return refusal?.code === "out-of-range" && refusal.value === stands ? state : null;
}

/** What is known of an entry once an operation has been shown this of it; null where it has shown something else. */
function learn(state: KeyState, { value, bytes, tag, revision }: Shown): KeyState | null {
  if (state.value === null) return null;
  if ((value ?? state.value) !== state.value || (bytes ?? state.value.length) !== state.value.length) return null;
  if (tag !== null && state.tag !== null && tag !== state.tag) return null;
  if (revision !== null && (state.revision === null ? revision < state.floor : revision !== state.revision))
    return null;
  if ((tag === null || state.tag !== null) && (revision === null || state.revision !== null)) return state;
  return {
    value: state.value,
    tag: state.tag ?? tag,
    revision: state.revision ?? revision,
    floor: Math.max(state.floor, revision ?? 0),
  };
}
