// What bounds a counter, as forms and transactions say it (contract §8).
import { KeyholdError } from "../core/errors.ts";
import type { Count } from "../service/entries.ts";
import type { Parameters } from "./parameters.ts";

export const COUNTER_PARAMETERS = ["initial", "min", "max"] as const;

/** A counter's step with what bounds it. @throws "invalid-parameter" */
export function readCount(parameters: Parameters, delta: number): Count {
  const min = parameters.signedInteger("min") ?? Number.MIN_SAFE_INTEGER;
  const max = parameters.signedInteger("max") ?? Number.MAX_SAFE_INTEGER;
  if (min <= max) return { delta, initial: parameters.signedInteger("initial") ?? 0, min, max };
  throw new KeyholdError("invalid-parameter", `Cannot count between min=${min} and max=${max}`, { parameter: "min" });
}
