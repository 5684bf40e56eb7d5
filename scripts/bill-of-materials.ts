// What the packages that we hand out are made of, as CycloneDX. npm writes it from the lock file; which of its components a user gets
// is said by the lock file's own marks, as `npm sbom --omit dev` leaves out those that a development package asks for too.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Lock, runtimePackages } from "./lock-file.ts";

export interface BillOfMaterials {
  readonly bomFormat: string;
  readonly metadata: { readonly component: Pick<Component, "bom-ref" | "name" | "purl"> };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

export interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

/** @param directory - of package.json and package-lock.json; nothing needs to be installed. @throws Error where npm fails */
export function readBill(directory: string, lock: Lock): BillOfMaterials {
  const command = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
  const { status, stdout, stderr } = spawnSync("npm", command, {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
  const whole: BillOfMaterials = JSON.parse(stdout);
  const used = new Set(runtimePackages(lock).map(({ name, version }) => `${name}@${version}`));
  const components = whole.components.filter(({ name, version }) => used.has(`${name}@${version}`));
  // npm names it after the directory that it lies in.
  const component = { ...whole.metadata.component, name: readPackageName(directory) };
  const refs = new Set([component, ...components].map((each) => each["bom-ref"]));
  const dependencies = whole.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  return { ...whole, metadata: { ...whole.metadata, component }, components, dependencies };
}

function readPackageName(directory: string): string {
  return JSON.parse(readFileSync(`${directory}/package.json`, "utf8")).name;
}
