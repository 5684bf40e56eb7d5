// What is asked of the packages that Keyhold stands on: few, pinned to a version and a digest, from the registry, of licences that
// may be handed on, without scripts of their own, each chosen by a decision record.
import type { BillOfMaterials } from "../../../scripts/bill-of-materials.ts";
import { type Lock, type LockedPackage, runtimePackages } from "../../../scripts/lock-file.ts";

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

export interface Supplies {
  readonly manifest: Manifest;
  readonly lock: Lock;
  readonly bill: BillOfMaterials;
  /** The texts of the decision records. */
  readonly records: readonly string[];
}

/** Bun's executables for other platforms come under this scope, of which one is installed. */
const PLATFORMS = "@oven/bun-";
/** Beside Bun itself; half of them are OpenTelemetry's, which are loaded where traces are asked for. */
const RUNTIME_PACKAGES_MAX = 16;
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
/** Those of which no copy has to be asked for, nor sources be given. */
const LICENSES = ["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "MIT OR Apache-2.0"];
/** For what is not handed on. */
const DEVELOPMENT_LICENSES = [...LICENSES, "MPL-2.0", "BlueOak-1.0.0"];

/** One sentence for each rule that is broken. */
export function faultsOf(supplies: Supplies): readonly string[] {
  return [
    ...unpinned(supplies.manifest),
    ...unrecorded(supplies),
    ...supplies.lock.packages.flatMap((each) => faultsOfPackage(each, supplies.manifest)),
    ...tooMany(supplies.lock),
    ...missingInBill(supplies),
  ];
}

/** Beside the runtime's executables for platforms. */
export function ownRuntimePackages(lock: Lock): readonly LockedPackage[] {
  return runtimePackages(lock).filter(({ name }) => !name.startsWith(PLATFORMS));
}

function unpinned({ dependencies, devDependencies }: Manifest): readonly string[] {
  const all = Object.entries({ ...dependencies, ...devDependencies });
  return all
    .filter(([, version]) => !EXACT_VERSION.test(version))
    .map(([name, version]) => `package.json asks for ${name} ${version}, which is no exact version`);
}

function unrecorded({ manifest, records }: Supplies): readonly string[] {
  // A scope is chosen as a whole.
  const subject = (name: string) => (name.startsWith("@") ? name.slice(0, name.indexOf("/")) : name);
  return Object.keys(manifest.dependencies)
    .filter((name) => !records.some((record) => record.includes(subject(name))))
    .map((name) => `No decision record speaks of ${name}`);
}

function faultsOfPackage(each: LockedPackage, { allowScripts }: Manifest): readonly string[] {
  const { name, version, license, integrity, resolved, hasInstallScript, isForDevelopment } = each;
  const allowed = isForDevelopment ? DEVELOPMENT_LICENSES : LICENSES;
  const faults: string[] = [];
  if (!integrity.startsWith("sha512-")) faults.push(`${name} ${version} is locked without its digest`);
  if (resolved !== "") faults.push(`${name} ${version} is locked to a place of its own: ${resolved}`);
  if (!allowed.includes(license)) faults.push(`${name} ${version} has the licence ${JSON.stringify(license)}`);
  if (hasInstallScript && allowScripts[name] !== true)
    faults.push(`${name} ${version} runs scripts when it is installed`);
  return faults;
}

function tooMany(lock: Lock): readonly string[] {
  const { length } = ownRuntimePackages(lock);
  return length > RUNTIME_PACKAGES_MAX
    ? [`An installation has ${length} packages, more than ${RUNTIME_PACKAGES_MAX}`]
    : [];
}

function missingInBill({ lock, bill }: Supplies): readonly string[] {
  const { name: subject } = bill.metadata.component;
  if (subject !== "keyhold") return [`The bill of materials is of ${subject}`];
  const listed = new Map(bill.components.map((component) => [`${component.name}@${component.version}`, component]));
  return runtimePackages(lock).flatMap(({ name, version }) => {
    const component = listed.get(`${name}@${version}`);
    if (component === undefined) return [`The bill of materials lacks ${name} ${version}`];
    const isWhole = (component.hashes ?? []).length > 0 && (component.licenses ?? []).length > 0;
    return isWhole ? [] : [`The bill of materials has ${name} ${version} without digest or licence`];
  });
}
