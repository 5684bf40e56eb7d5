// The reference in docs/cli.md, between its marks, and the man page, both made from the table that help is made from, so that
// all three say the same.
import type { Command, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { COMMAND_GROUPS, type CommandBody, type CommandRow } from "../src/cli/command.ts";
import { COMMANDS, FIRST_EXAMPLES } from "../src/cli/commands.ts";
import { EXIT_MEANINGS } from "../src/cli/exit-codes.ts";
import { describeProgram } from "../src/cli/program.ts";
import { replacePart } from "./marked-part.ts";

const BEGIN = "<!-- Generated from the table of commands in src/cli by scripts/generate.ts, down to the next mark. -->";

interface Documented {
  readonly row: CommandRow;
  readonly body: CommandBody;
  readonly command: Command;
}

const DOCUMENTED = await readTable();

/** What the environment says to commands; serve's options have names of their own there. */
const VARIABLES: readonly (readonly [string, string])[] = [
  ["KEYHOLD_URL", "The server that is asked, where --url is not given."],
  ["KEYHOLD_TOKEN", "The secret of the access token for it."],
  ["KEYHOLD_TOKEN_FILE", "The file that holds it; wins over KEYHOLD_TOKEN."],
  ["KEYHOLD_CONFIG", "The options file of serve, and of what opens a store by itself."],
  ["NO_COLOR, FORCE_COLOR", "No colours on terminals; colours everywhere."],
  ["VISUAL, EDITOR", "What edit starts."],
  ["NODE_EXTRA_CA_CERTS", "A file of certificates that are trusted beside the known ones."],
];

/** docs/cli.md, as it stands but for the reference. @throws when the page has no marks */
export function renderCommandReference(page: string): string {
  return replacePart(page, BEGIN, renderReference());
}

async function readTable(): Promise<readonly Documented[]> {
  const program = await describeProgram();
  return Promise.all(
    COMMANDS.map(async (row) => {
      let command: Command | undefined = program;
      for (const word of row.name.split(" ")) command = command?.commands.find((each) => each.name() === word);
      if (command === undefined) throw new Error(`The program has no command ${row.name}`);
      return { row, body: await row.load(), command };
    }),
  );
}

function renderReference(): string {
  const groups = COMMAND_GROUPS.map((group) => {
    const some = DOCUMENTED.filter(({ row }) => row.group === group);
    const index = some.map(({ row }) => `| [\`${row.name}\`](#${anchorOf(row)}) | ${row.summary} |`).join("\n");
    return `### ${group}\n\n| Command | What it does |\n|---|---|\n${index}\n\n${some.map(toMarkdown).join("\n")}`;
  });
  return `## Exit codes\n\n${exitTable()}\n\n## Variables\n\n${variableTable()}\n\n## Commands\n\n${groups.join("\n")}`;
}

function anchorOf({ name }: CommandRow): string {
  return `keyhold-${name.replace(" ", "-")}`;
}

function exitTable(): string {
  const rows = EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`);
  return ["| Code | Means |", "|---|---|", ...rows].join("\n");
}

function variableTable(): string {
  const names = (text: string) => text.split(", ").map((name) => `\`${name}\``);
  const rows = VARIABLES.map(([name, meaning]) => `| ${names(name).join(", ")} | ${meaning} |`);
  return ["| Variable | Means |", "|---|---|", ...rows].join("\n");
}

function toMarkdown({ row, body, command }: Documented): string {
  const aliases = row.aliases.length === 0 ? "" : ` Also \`${row.aliases.join("`, `")}\`.`;
  const examples = row.examples.map(([line, about]) => (about === "" ? line : `${line}    # ${about}`)).join("\n");
  const notes = body.notes.trim() === "" || hasOwnPage(row) ? "" : `${notesToMarkdown(body.notes)}\n\n`;
  return `#### keyhold ${row.name}

${row.summary}.${aliases}

\`keyhold ${row.name} ${usageOf(command)}\`

\`\`\`sh
${examples}
\`\`\`

${notes}${flagTable(row, command)}`;
}

/** Help ends some notes with a list, whose lines are indented. */
function notesToMarkdown(notes: string): string {
  return notes
    .trim()
    .split("\n")
    .map((line) => (/^ {2}(\S+)\s+(.*)$/.test(line) ? line.replace(/^ {2}(\S+)\s+(.*)$/, "- `$1`: $2") : line))
    .join("\n")
    .replaceAll("Workloads:\n- ", "Workloads:\n\n- ");
}

function usageOf(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "…" : ""}`;
    return argument.required ? name : `[${name}]`;
  });
  return [...words, "[flags]"].join(" ");
}

/** The options of the server are on a page of their own. */
function hasOwnPage({ name }: CommandRow): boolean {
  return name === "serve" || name === "config";
}

function flagTable(row: CommandRow, command: Command): string {
  if (hasOwnPage(row)) {
    const own = row.name === "config" ? "`--json` prints JSON; else the" : "The";
    return `${own} options are those of [the configuration](configuration.md).\n`;
  }
  const rows = flagsOf(command).map((option) => `| \`${option.flags}\` | ${escapeCell(describe(option))} |`);
  return rows.length === 0 ? "" : `| Flag | Means |\n|---|---|\n${rows.join("\n")}\n`;
}

function flagsOf(command: Command): readonly Option[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== "--help");
}

/** As help shows it, with the default and the choices. */
function describe({ description, defaultValue, argChoices }: Option): string {
  const extras = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(", ")}`]),
    ...(typeof defaultValue === "string" ? [`default ${defaultValue}`] : []),
  ];
  return extras.length === 0 ? description : `${description} (${extras.join("; ")})`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "&lt;");
}

/** man/keyhold.1, in the macros of man(7), which groff, mandoc and the BSDs read alike. */
export function renderManPage(): string {
  const section = (title: string, text: string) => `.SH ${title}\n${text}`;
  const groups = COMMAND_GROUPS.map((group) => {
    const some = DOCUMENTED.filter(({ row }) => row.group === group);
    return section(group.toUpperCase(), some.map(toManual).join(""));
  });
  return [
    `.\\" Generated from the table of commands in src/cli by scripts/generate.ts. Change it there.\n`,
    `.TH KEYHOLD 1 "" "keyhold ${packageJson.version}" "Keyhold"\n.nh\n.ad l\n`,
    section("NAME", "keyhold \\- a durable key\\-value store that is spoken to over HTTP, and its command line\n"),
    section("SYNOPSIS", ".B keyhold\n.I command\n.RI [ flags ]\n"),
    section(
      "DESCRIPTION",
      `${roff(`${packageJson.description}.`)}\n${paragraph(
        "Values go to standard output, sentences to standard error. Where nobody watches, nothing is coloured, redrawn or shortened. Each command has its own help: keyhold COMMAND --help.",
      )}`,
    ),
    section("EXAMPLES", FIRST_EXAMPLES.map(([line, about]) => `.TP\n${bold(line)}\n${roff(about)}\n`).join("")),
    ...groups,
    section("EXIT STATUS", EXIT_MEANINGS.map(([code, meaning]) => `.TP\n.B ${code}\n${roff(meaning)}\n`).join("")),
    section("ENVIRONMENT", VARIABLES.map(([name, meaning]) => `.TP\n.B ${roff(name)}\n${roff(meaning)}\n`).join("")),
    section("SEE ALSO", "The documents of the package, docs/cli.md and docs/protocol.md first.\n"),
  ].join("");
}

function toManual({ row, body, command }: Documented): string {
  const aliases = row.aliases.length === 0 ? "" : ` Also ${row.aliases.join(", ")}.`;
  const examples = row.examples.map(([line, about]) => `${about === "" ? "" : `# ${roff(about)}\n`}${roff(line)}\n`);
  const flags = hasOwnPage(row)
    ? paragraph("The options are those of the server: keyhold serve --help, docs/configuration.md.")
    : flagsOf(command)
        .map((option) => `.TP\n${bold(option.flags)}\n${roff(describe(option))}\n`)
        .join("");
  const notes = body.notes.trim() === "" ? "" : notesToManual(body.notes);
  return `.SS keyhold ${roff(`${row.name} ${usageOf(command)}`)}\n${roff(`${row.summary}.${aliases}`)}\n.PP\n.nf\n${examples.join("")}.fi\n${notes}${flags}`;
}

/** Lines that are indented keep their form. */
function notesToManual(notes: string): string {
  const isList = (line: string) => line.startsWith("  ");
  return notes
    .trim()
    .split("\n")
    .map((line) => (isList(line) ? `.br\n${roff(line.trim())}\n` : `${roff(line)}\n`))
    .join("")
    .replace(/^/, ".PP\n")
    .replaceAll(/\n\n/g, "\n.PP\n");
}

function paragraph(text: string): string {
  return `.PP\n${roff(text)}\n`;
}

function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

/** Text that the formatter takes as it stands. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replaceAll("→", "\\->")
    .replaceAll("§", "section ")
    .replaceAll("'", "\\(aq")
    .replaceAll('"', "\\(dq")
    .replace(/^([.'])/, "\\&$1");
}
