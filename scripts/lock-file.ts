// What package-lock.json says, as far as it is looked at here (docs.npmjs.com, "package-lock.json", lockfileVersion 3).
import { readFileSync } from "node:fs";

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Empty where there is none. */
  readonly integrity: string;
  /** Where it comes from; empty for the registry that is configured. */
  readonly resolved: string;
  /** Whether npm would run scripts of it. */
  readonly hasInstallScript: boolean;
  /** Whether only who works on Keyhold gets it. */
  readonly isForDevelopment: boolean;
}

export interface Lock {
  readonly packages: readonly LockedPackage[];
}

interface RawPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
}

const FOLDER = "node_modules/";

export function readLock(path: string): Lock {
  const { packages }: { readonly packages: Readonly<Record<string, RawPackage>> } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  const named = Object.entries(packages).filter(([at]) => at !== "");
  return { packages: named.map(([at, raw]) => toPackage(at, raw)) };
}

/** What comes with an installation of Keyhold, its runtime for every platform included. */
export function runtimePackages({ packages }: Lock): readonly LockedPackage[] {
  return packages.filter(({ isForDevelopment }) => !isForDevelopment);
}

function toPackage(at: string, raw: RawPackage): LockedPackage {
  return {
    name: at.slice(at.lastIndexOf(FOLDER) + FOLDER.length),
    version: raw.version ?? "",
    license: raw.license ?? "",
    integrity: raw.integrity ?? "",
    resolved: raw.resolved ?? "",
    hasInstallScript: raw.hasInstallScript === true,
    isForDevelopment: raw.dev === true || raw.devOptional === true || raw.peer === true,
  };
}
