// When an entry is to end: in a while, at an instant, or never.
import type { Signal } from "@preact/signals";
import type { End } from "../model/entry-asks.ts";
import { instantWords, parseSpan, toLocalInput } from "../model/words.ts";

export interface EndChoice {
  readonly is: "never" | "in" | "at";
  readonly span: string;
  readonly instant: string;
}

export const NO_END: EndChoice = { is: "never", span: "1h", instant: "" };

const SPANS = ["5m", "1h", "1d", "7d", "30d"];

/** Null where what was typed is no end in the future. */
export function endOfChoice({ is, span, instant }: EndChoice, nowMs: number): End | null {
  if (is === "never") return { is };
  if (is === "in") {
    const ms = parseSpan(span);
    return ms === null ? null : { is, ms };
  }
  const ms = Date.parse(instant);
  return Number.isNaN(ms) || ms <= nowMs ? null : { is, ms };
}

export function choiceOf(expiresAt: number | null): EndChoice {
  return expiresAt === null ? NO_END : { is: "at", span: "1h", instant: toLocalInput(expiresAt) };
}

interface EndFieldsProps {
  readonly choice: Signal<EndChoice>;
  readonly nowMs: number;
}

export function EndFields({ choice, nowMs }: EndFieldsProps) {
  const { is, span, instant } = choice.value;
  const set = (change: Partial<EndChoice>) => {
    choice.value = { ...choice.value, ...change };
  };
  const end = endOfChoice(choice.value, nowMs);
  const kinds = [
    { value: "never", label: "Never" },
    { value: "in", label: "In" },
    { value: "at", label: "At" },
  ] as const;
  return (
    <fieldset class="end-fields">
      <legend>Ends</legend>
      <div class="segments">
        {kinds.map(({ value, label }) => (
          <label key={value} class="segment">
            <input type="radio" name="end" value={value} checked={is === value} onChange={() => set({ is: value })} />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {is === "in" ? <SpanField span={span} isWrong={end === null} onChange={(to) => set({ span: to })} /> : null}
      {is === "at" ? (
        <input
          type="datetime-local"
          step={1}
          aria-label="At which instant"
          value={instant}
          aria-invalid={end === null}
          onInput={(event) => set({ instant: event.currentTarget.value })}
        />
      ) : null}
      <p class="quiet-text" role="status">
        {endWords(end, nowMs)}
      </p>
    </fieldset>
  );
}

interface SpanFieldProps {
  readonly span: string;
  readonly isWrong: boolean;
  readonly onChange: (span: string) => void;
}

function SpanField({ span, isWrong, onChange }: SpanFieldProps) {
  return (
    <div class="row">
      <input
        type="text"
        class="short"
        data-first
        aria-label="In how long"
        value={span}
        spellcheck={false}
        aria-invalid={isWrong}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {SPANS.map((each) => (
        <button type="button" key={each} class="chip" aria-pressed={span === each} onClick={() => onChange(each)}>
          {each}
        </button>
      ))}
    </div>
  );
}

function endWords(end: End | null, nowMs: number): string {
  if (end === null) return "Say it as 90s, 15m, 2h or 7d, or choose an instant in the future.";
  if (end.is === "never") return "It stays until it is deleted.";
  return `It is gone on ${instantWords(end.is === "in" ? nowMs + end.ms : end.ms)}.`;
}
