// What the environment says of a benchmark.

/** Of orders and values: the same in every run, so that runs compare. */
export const SEED = numberOf("SEED", 20_261_128);

export function numberOf(name: string, otherwise: number): number {
  const text = process.env[name] ?? "";
  if (text === "") return otherwise;
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new Error(`${name}=${text} is no number above 0`);
  return number;
}

/** "a,b"; none where it is not set. */
export function listOf(name: string): readonly string[] {
  return (process.env[name] ?? "").split(",").filter((item) => item !== "");
}
