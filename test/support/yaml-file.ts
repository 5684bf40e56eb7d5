// Files of YAML, read as a tool would, for tests that look at single places in them.
import { readFileSync } from "node:fs";

/** The only document of a file. @throws Error when it is none, or several */
export function readYaml(path: string): unknown {
  return Bun.YAML.parse(readFileSync(path, "utf8"));
}

/** What stands at a place, such as "spec.ports.0.name"; undefined where nothing does. */
export function at(value: unknown, place: string): unknown {
  return place.split(".").reduce<unknown>((inner, name) => {
    return typeof inner === "object" && inner !== null
      ? Object.entries(inner).find(([key]) => key === name)?.[1]
      : undefined;
  }, value);
}

/** What stands there, item by item; nothing where there is no list. */
export function listAt(value: unknown, place: string): readonly unknown[] {
  const found = at(value, place);
  return Array.isArray(found) ? found : [];
}
