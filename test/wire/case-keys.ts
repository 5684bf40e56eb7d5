// The keys of a case: each delivery of it has its own, so that all can share one server.
import { KEY, SMUGGLED_KEY, type WireCase } from "./wire-case.ts";

/** Of one delivery, in place of KEY and SMUGGLED_KEY. */
export interface CaseKeys {
  readonly own: string;
  readonly smuggled: string;
}

/** @param number - no other delivery's */
export function makeCaseKeys(number: number): CaseKeys {
  const digits = number.toString(36).padStart(KEY.length - 1, "0");
  return { own: `k${digits}`, smuggled: `e${digits}` };
}

/** The case with these keys. */
export function withKeys(wireCase: WireCase, keys: CaseKeys): WireCase {
  const named = (text: string) => withNames(text, keys);
  const pattern = (value: string | RegExp) =>
    typeof value === "string" ? named(value) : new RegExp(named(value.source), value.flags);
  return {
    ...wireCase,
    steps: wireCase.steps.map((step) => {
      if (typeof step === "string") return named(step);
      return step.is === "elsewhere" ? { ...step, request: named(step.request) } : step;
    }),
    answers: wireCase.answers.map((answer) => ({
      ...answer,
      ...(answer.body !== undefined && { body: pattern(answer.body) }),
      ...(answer.fields !== undefined && {
        fields: Object.fromEntries(
          Object.entries(answer.fields).map(([name, value]) => [name, value === null ? null : pattern(value)]),
        ),
      }),
    })),
  };
}

export function withNames(text: string, { own, smuggled }: CaseKeys): string {
  return text.replaceAll(KEY, own).replaceAll(SMUGGLED_KEY, smuggled);
}
