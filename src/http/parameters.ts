// The parameters of a request, asked for by name; unknown and empty ones are refused, so that a misspelt or unset
// parameter never widens what a request does (`DELETE /keys?prefx=tmp`, `?prefix=$UNSET`).
import { KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import type { JsonMember } from "../wire/json-object.ts";

export class Parameters {
  readonly #pairs: readonly (readonly [name: string, value: string])[];

  constructor(pairs: readonly (readonly [name: string, value: string])[]) {
    this.#pairs = pairs;
  }

  /** As they came. */
  get pairs(): readonly (readonly [name: string, value: string])[] {
    return this.#pairs;
  }

  /** @throws "invalid-parameter" on a parameter that is none of `known` */
  requireKnown(known: readonly string[]): this {
    for (const [name] of this.#pairs) {
      if (known.includes(name)) continue;
      const allowed = known.length === 0 ? "none is taken here" : `known here are ${known.join(", ")}`;
      throw invalid(name, `Unknown parameter ${quote(name)}: ${allowed}`);
    }
    return this;
  }

  /** The parameter's value; null where it is not given. @throws "invalid-parameter" when empty or given twice */
  one(name: string): string | null {
    if (this.#pairs.length === 0) return null;
    const values = this.#values(name);
    if (values.length > 1)
      throw invalid(name, `Parameter ${quote(name)} is given ${values.length} times, once is allowed`);
    return values[0] ?? null;
  }

  /** Each value of a parameter that may be repeated. @throws "invalid-parameter" when one is empty */
  all(name: string): readonly string[] {
    return this.#values(name);
  }

  /** Whether a parameter that is its own value is given. @throws "invalid-parameter" on any value but "", "1" and "true" */
  flag(name: string): boolean {
    const given = this.#pairs.filter(([candidate]) => candidate === name);
    const odd = given.find(([, value]) => !["", "1", "true"].includes(value));
    if (odd !== undefined) {
      throw invalid(name, `Cannot use ${name}=${quote(odd[1])}: write ${name} alone, or leave it out`);
    }
    if (given.length > 1)
      throw invalid(name, `Parameter ${quote(name)} is given ${given.length} times, once is allowed`);
    return given.length === 1;
  }

  /** The parameter as an integer. Requires: bounds that are safe integers. @throws "invalid-parameter" outside them */
  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number | null {
    const text = this.one(name);
    if (text === null) return null;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw invalid(name, `Cannot use ${name}=${quote(text)}: an integer from ${min} to ${max} is needed`);
    }
    return value;
  }

  /** The parameter as an integer within ±(2^53−1). @throws "invalid-parameter" on anything else */
  signedInteger(name: string): number | null {
    const text = this.one(name);
    if (text === null) return null;
    const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      throw invalid(name, `Cannot use ${name}=${quote(text)}: an integer within ±(2^53−1) is needed`);
    }
    // Not minus zero, which is another number to some.
    return value + 0;
  }

  #values(name: string): readonly string[] {
    const values = this.#pairs.filter(([candidate]) => candidate === name).map(([, value]) => value);
    if (values.includes("")) throw invalid(name, `Parameter ${quote(name)} is empty: give it a value, or leave it out`);
    return values;
  }
}

function invalid(parameter: string, detail: string): KeyholdError {
  return new KeyholdError("invalid-parameter", detail, { parameter });
}

/** The members of a JSON object as the parameters that a URL or a form would carry: a list for a repeated one. */
export function parametersOf(members: readonly JsonMember[]): Parameters {
  return new Parameters(members.flatMap(toPairs));
}

function toPairs({ name, text }: JsonMember): readonly (readonly [string, string])[] {
  const value: unknown = JSON.parse(text);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.flatMap((item) => {
    if (item === false) return [];
    if (item === true) return [[name, "1"] as const];
    if (typeof item === "string" || typeof item === "number") return [[name, String(item)] as const];
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot use ${name}=${text.slice(0, 80)}: a text, a number, true or false is needed`,
      {
        parameter: name,
      },
    );
  });
}
