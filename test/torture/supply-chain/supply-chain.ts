// The packages that Keyhold stands on, held to rules.ts: manifest, lock file, bill of materials and known advisories. It looks at the
// project as it is; with a plant, at a copy of the two files in which one thing is changed.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readBill } from "../../../scripts/bill-of-materials.ts";
import { readLock, runtimePackages } from "../../../scripts/lock-file.ts";
import type { Findings, Method, Run } from "../method.ts";
import { askAdvisories } from "./advisories.ts";
import { faultsOf, type Manifest, ownRuntimePackages } from "./rules.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const RECORDS = join(ROOT, "docs", "adr");
const FILES = ["package.json", "package-lock.json"];
/** What is changed in a copy, as text for text. */
const CHANGES: Readonly<Record<string, { readonly file: string; readonly from: RegExp; readonly to: string }>> = {
  "floating-version": { file: "package.json", from: /"zod": "/, to: '"zod": "^' },
  "no-digest": { file: "package-lock.json", from: /"integrity": "sha512-[^"]+",\n/, to: "" },
  "other-licence": {
    file: "package-lock.json",
    from: /"license": "MIT"(?=[^{}]*"engines": \{\s*"node": ">=20")/,
    to: '"license": "SSPL-1.0"',
  },
  "other-place": {
    file: "package-lock.json",
    from: /("integrity": "sha512-)/,
    to: '"resolved": "git+ssh://git@example.com/zod.git",\n      $1',
  },
  "install-script": {
    file: "package-lock.json",
    from: /("integrity": "sha512-)/,
    to: '"hasInstallScript": true,\n      $1',
  },
  "unrecorded-dependency": { file: "package.json", from: /"zod": "/, to: '"fast-check": "4.10.2",\n    "zod": "' },
};

export const supplyChain: Method = {
  name: "supply-chain",
  summary:
    "what Keyhold is made of: pinned, with digests, few, of known licences, in a bill of materials, without advisories",
  unit: "pass",
  rounds: { short: 1, long: 1 },
  variants: [],
  plants: [
    { name: "floating-version", summary: "a dependency is asked for by a range", finds: /no exact version/, rounds: 1 },
    { name: "no-digest", summary: "a package is locked without its digest", finds: /without its digest/, rounds: 1 },
    {
      name: "other-licence",
      summary: "a package has a licence that is not allowed",
      finds: /has the licence/,
      rounds: 1,
    },
    {
      name: "other-place",
      summary: "a package comes from elsewhere than the registry",
      finds: /to a place of its own/,
      rounds: 1,
    },
    {
      name: "install-script",
      summary: "a package runs scripts when it is installed",
      finds: /runs scripts/,
      rounds: 1,
    },
    {
      name: "unrecorded-dependency",
      summary: "a dependency has no decision record",
      finds: /No decision record/,
      rounds: 1,
    },
  ],
  lacks: () => (Bun.which("npm") === null ? "npm is not on the PATH: install it with Node 20 or later." : null),
  run,
};

async function run({ plant, directory }: Run): Promise<Findings> {
  for (const file of FILES) copyFileSync(join(ROOT, file), join(directory, file));
  if (plant !== null) change(directory, plant);
  const lock = readLock(join(directory, "package-lock.json"));
  const manifest: Manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const bill = readBill(directory, lock);
  const names = readdirSync(RECORDS).filter((name) => /^\d{4}-/.test(name));
  const records = names.map((name) => readFileSync(join(RECORDS, name), "utf8"));
  const advisories = askAdvisories(directory);
  return {
    figures: {
      "direct dependencies": Object.keys(manifest.dependencies).length,
      "packages of an installation, Bun's platforms aside": ownRuntimePackages(lock).length,
      "components in the bill of materials": bill.components.length,
      "packages locked": lock.packages.length,
      "packages only for development": lock.packages.length - runtimePackages(lock).length,
      advisories: advisories.areKnown ? advisories.faults.length : "not known: the registry answers no npm audit",
    },
    faults: [...faultsOf({ manifest, lock, bill, records }), ...advisories.faults],
  };
}

function change(directory: string, plant: string): void {
  const planted = CHANGES[plant];
  if (planted === undefined) throw new RangeError(`There is no plant ${plant}`);
  const path = join(directory, planted.file);
  const before = readFileSync(path, "utf8");
  const after = before.replace(planted.from, planted.to);
  if (after === before) throw new Error(`${plant} changes nothing in ${planted.file} any more`);
  writeFileSync(path, after);
}
