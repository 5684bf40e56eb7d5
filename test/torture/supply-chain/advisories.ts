// What is known against the packages that an installation has: `npm audit`, where the registry that is configured answers it.
import { spawnSync } from "node:child_process";

export interface Advisories {
  /** Whether the registry has answered. */
  readonly areKnown: boolean;
  /** One sentence for each package that something is known against. */
  readonly faults: readonly string[];
}

interface Audit {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
}

/** @param directory - of package.json and package-lock.json */
export function askAdvisories(directory: string): Advisories {
  const command = ["audit", "--json", "--omit", "dev", "--package-lock-only"];
  const { stdout } = spawnSync("npm", command, { cwd: directory, encoding: "utf8", maxBuffer: 2 ** 26 });
  const { vulnerabilities }: Audit = stdout.trim() === "" ? {} : JSON.parse(stdout);
  if (vulnerabilities === undefined) return { areKnown: false, faults: [] };
  const known = Object.entries(vulnerabilities);
  return {
    areKnown: true,
    faults: known.map(
      ([name, { severity, range }]) => `npm audit knows something (${severity}) against ${name} ${range}`,
    ),
  };
}
