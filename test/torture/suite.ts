// The short version of a method, as tests: its rounds break no promise, and each of its plants is found. ROUNDS= and SEED= change the
// rounds and the draws; `npm run torture` runs it longer.
import { describe, expect, test } from "bun:test";
import { judgeRun, type RunOptions, summarise } from "./judge-run.ts";
import { type Method, plantsOn } from "./method.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

export interface TortureSuiteOptions {
  /** For one round; half a minute is added for all. */
  readonly roundMsMax: number;
}

export function tortureSuite(method: Method, { roundMsMax }: TortureSuiteOptions): void {
  const rounds = Number(process.env["ROUNDS"] ?? method.rounds.short);
  const patienceMs = (count: number) => 30_000 + count * roundMsMax;
  for (const variant of method.variants.length > 0 ? method.variants : [null]) {
    const lacking = method.lacks(variant);
    if (lacking !== null) console.log(`Skipped: ${method.name}${variant === null ? "" : ` on ${variant}`}. ${lacking}`);
    describe.skipIf(lacking !== null)(`${method.name}${variant === null ? "" : ` on ${variant}`}`, () => {
      test(
        `${rounds} ${method.unit} break no promise`,
        async () => {
          const report = await judge(method, { rounds, variant, plant: null });
          expect(report.faults).toEqual([]);
          expect(report.verdict).toBe("kept");
        },
        patienceMs(rounds),
      );
      for (const plant of plantsOn(method, variant)) {
        test(
          `finds a planted fault: ${plant.summary}`,
          async () => {
            const report = await judge(method, { rounds: plant.rounds, variant, plant: plant.name });
            expect(report.verdict).toBe("caught");
          },
          patienceMs(plant.rounds),
        );
      }
    });
  }
}

async function judge(method: Method, options: Pick<RunOptions, "rounds" | "variant" | "plant">) {
  const report = await judgeRun(method, { ...options, seed: SEED, say: () => {} });
  console.log(summarise(report));
  return report;
}
