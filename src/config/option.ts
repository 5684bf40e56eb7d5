// What an option is: its format, and what is told of it. The options themselves stand in options/, a file a group.
import { z } from "zod";
import type { Format } from "./formats.ts";

/** What is told of an option. */
interface OptionText {
  /** Kebab-case; flag, environment name and file entry are made from it. */
  readonly name: string;
  /** As it would be written by an operator. */
  readonly default: string;
  readonly group: OptionGroup;
  /** One sentence or more, without a full stop at the end. */
  readonly help: string;
}

export type OptionGroup =
  | "Network"
  | "Access"
  | "Store"
  | "Backups"
  | "Limits"
  | "Metrics and traces"
  | "Logs"
  | "History and upkeep";

export interface Option extends OptionText {
  /** The property of Config that holds the value. */
  readonly property: string;
  readonly flag: string;
  readonly environment: string;
  readonly allowed: string;
  readonly placeholder: string | null;
  readonly toml: "string" | "bare";
}

export const MiB = 1024 * 1024;

const registry = z.registry<Omit<Option, "property">>();

export function option<T>(format: Format<T>, text: OptionText): z.ZodType<T, string> {
  return format.schema.register(registry, {
    ...text,
    flag: `--${text.name}`,
    environment: `KEYHOLD_${text.name.replaceAll("-", "_").toUpperCase()}`,
    allowed: format.allowed,
    placeholder: format.placeholder,
    toml: format.toml,
  });
}

/** The options of a schema, in the order of its properties. */
export function optionsOf(shape: Readonly<Record<string, z.ZodType>>): readonly Option[] {
  return Object.entries(shape).flatMap(([property, schema]) => {
    const text = registry.get(schema);
    return text === undefined ? [] : [{ ...text, property }];
  });
}
