// Turns the options into what people read: docs/configuration.md and docs/keyhold.example.toml. Both are written by
// scripts/generate.ts and never by hand; the text of an option is changed in options.ts.
import type { Option, OptionGroup } from "./option.ts";
import { OPTIONS } from "./options.ts";

/** The groups in the order of the options, each with what belongs to it. */
export function groupOptions(): readonly (readonly [OptionGroup, readonly Option[]])[] {
  const groups = new Map<OptionGroup, Option[]>();
  for (const option of OPTIONS) {
    const members = groups.get(option.group);
    if (members === undefined) groups.set(option.group, [option]);
    else members.push(option);
  }
  return [...groups];
}

/** docs/configuration.md */
export function renderReference(): string {
  const sections = groupOptions().map(([group, options]) => `## ${group}\n\n${options.map(renderOption).join("\n")}`);
  return `${REFERENCE_HEAD}\n${sections.join("\n")}`;
}

/** docs/keyhold.example.toml: every entry with its default, commented out. */
export function renderExample(): string {
  const sections = groupOptions().map(([group, options]) => {
    return `# --- ${group} ---\n\n${options.map(renderExampleEntry).join("\n")}`;
  });
  return `${EXAMPLE_HEAD}\n${sections.join("\n")}`;
}

const REFERENCE_HEAD = `<!-- Generated from src/config/options.ts by scripts/generate.ts. Change it there. -->

# Configuration

Every option of \`keyhold serve\` can be given in four places. An earlier one wins:

1. as a flag: \`keyhold serve --max-value 4MiB\`,
2. in the environment: \`KEYHOLD_MAX_VALUE=4MiB\`,
3. in a file named by \`--config FILE\` or \`KEYHOLD_CONFIG\`: \`max-value = "4MiB"\`
   (TOML, no tables; [an example with every entry](keyhold.example.toml)),
4. its default.

No file is read unless one is named. \`keyhold config\` takes the same flags and prints each value and where it came from.

- A flag, a \`KEYHOLD_\` variable or a file entry that is not known stops the start: with exit code 2 for a flag, else 78,
  as a value that is not allowed does.
- An empty variable counts as not set. The variables that Kubernetes makes for a service named \`keyhold\`
  (\`KEYHOLD_SERVICE_HOST\`, \`KEYHOLD_PORT=tcp://…\` and their kind) are passed over.
- Relative paths start at the directory in which the command runs, also those in the file.
- Sizes are whole numbers with a unit: \`B\`, \`KB\` (1000 bytes), \`KiB\` (1024 bytes), \`MB\`, \`MiB\`. Durations likewise:
  \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`. Letter case is ignored in units.
- A switch such as \`--wide\` is turned off by \`--no-wide\`; elsewhere it is \`true\` or \`false\`.
`;

const EXAMPLE_HEAD = `# Generated from src/config/options.ts by scripts/generate.ts. Change it there.
#
# A configuration file for \`keyhold serve --config FILE\`. Each entry stands with its default; take away the # in front
# of those to change. Flags and KEYHOLD_* variables win over this file.
`;

function renderOption(option: Option): string {
  const isDefault = `Default: \`${option.default}\`. Allowed: ${option.allowed}.`;
  return `### ${option.name}\n\n\`${toUsage(option)}\` · \`${option.environment}\`\n\n${escapeMarkdown(option.help)}.\n\n${isDefault}\n`;
}

/** How the flag is written: "--port NUMBER", "--[no-]wide". */
function toUsage(option: Option): string {
  return option.placeholder === null ? `--[no-]${option.name}` : `${option.flag} ${option.placeholder}`;
}

function renderExampleEntry(option: Option): string {
  const value = option.toml === "bare" ? option.default : JSON.stringify(option.default);
  return `# ${option.help}.\n# Allowed: ${option.allowed}.\n#${option.name} = ${value}\n`;
}

/** Help texts are written for a terminal: what Markdown would take for a tag or emphasis stands for itself. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[<>*_]/g, (character) => `\\${character}`);
}
