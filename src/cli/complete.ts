// What shells ask at TAB: `keyhold complete -- WORDS`, the last of which is being typed. The answer is a line for each
// candidate, with a tab before what it is, then ":" and a number that says what else the shell may offer: the protocol of
// @bomb.sh/tab, which is that of Cobra. Asks a server for its keys, and where that does not answer at once, offers none.
//
// A rule that must not be broken: keys come from whoever may write to the server, and shells have been known to run what
// they are offered. So only names of harmless characters are offered at all.
import type { Argument, Command, Option } from "commander";
import type { Environment } from "./command.ts";
import { isSafeWord, type Offer, offersOf } from "./complete-values.ts";
import { EXIT } from "./exit-codes.ts";
import type { Host } from "./host.ts";

export interface Around {
  readonly host: Host;
  readonly environment: Environment;
  /** With every flag of every command. */
  readonly program: Command;
}

/** What the shell may do beside offering what it is told; numbers of the protocol. */
export const DIRECTIVE = { files: 0, noSpace: 2, nothing: 4, directories: 16 } as const;

const DESCRIPTION_CHARACTERS = 80;

/** Where the typed words have led to. */
interface Place {
  readonly command: Command;
  /** Arguments of the command before the word that is typed. */
  readonly argumentsBefore: readonly string[];
  /** The option whose value is typed; null for none. */
  readonly pending: Option | null;
  /** Behind "--", where nothing is a flag. */
  readonly isBehindDashes: boolean;
  /** Values of flags so far, by the flag's long name. */
  readonly values: ReadonlyMap<string, string>;
}

/** Resolves with the exit code. */
export async function complete(words: readonly string[], around: Around): Promise<number> {
  const typed = words.at(-1) ?? "";
  const place = walk(around.program, words.slice(0, -1));
  const { offers, directive } = await answer(place, typed, around);
  const lines = offers
    .filter(({ value }) => isSafeWord(value))
    .map(({ value, about }) => `${value}\t${about.replaceAll(/\s+/g, " ").slice(0, DESCRIPTION_CHARACTERS)}\n`);
  around.host.writeOut(`${lines.join("")}:${directive}\n`);
  return EXIT.ok;
}

interface Answer {
  readonly offers: readonly Offer[];
  readonly directive: number;
}

const NOTHING: Answer = { offers: [], directive: DIRECTIVE.nothing };
const FILES: Answer = { offers: [], directive: DIRECTIVE.files };

async function answer(place: Place, typed: string, around: Around): Promise<Answer> {
  const { command, pending, isBehindDashes } = place;
  if (pending !== null) return ofValue(pending, typed, place, around);
  if (isBehindDashes) return FILES;
  const [, flag, begun] = /^(--[a-z-]+)=(.*)$/s.exec(typed) ?? [];
  if (flag !== undefined) {
    const option = optionOf(command, flag);
    return option === null ? NOTHING : ofValue(option, begun ?? "", place, around);
  }
  if (typed.startsWith("-")) return { ...NOTHING, offers: flagsOf(command, typed) };
  if (command.commands.length > 0) return { ...NOTHING, offers: commandsOf(command, typed) };
  const declared = command.registeredArguments;
  const argument = declared[place.argumentsBefore.length] ?? (declared.at(-1)?.variadic ? declared.at(-1) : undefined);
  return argument === undefined ? NOTHING : ofValue(argument, typed, place, around);
}

async function ofValue(what: Option | Argument, typed: string, place: Place, around: Around): Promise<Answer> {
  const word = "flags" in what ? (/[<[]([^>\]]+)[>\]]/.exec(what.flags)?.[1] ?? "") : what.name();
  if (word === "FILE" || word === "COMMAND") return FILES;
  const choices = what.argChoices ?? (word.includes("|") ? word.split("|") : null);
  const offers =
    choices?.map((value) => ({ value, about: "" })) ??
    (await offersOf(word, typed, { host: around.host, environment: around.environment, values: place.values }));
  const directive = word === "STORE" || word === "PLACE" ? DIRECTIVE.directories : DIRECTIVE.nothing;
  const begun = offers.filter(({ value }) => value.startsWith(typed) && !place.argumentsBefore.includes(value));
  return { offers: begun, directive: begun.length > 0 ? DIRECTIVE.nothing : directive };
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let pending: Option | null = null;
  let isBehindDashes = false;
  const argumentsBefore: string[] = [];
  const values = new Map<string, string>();
  for (const word of words) {
    if (pending !== null) {
      if (pending.long !== undefined) values.set(pending.long, word);
      pending = null;
    } else if (isBehindDashes) argumentsBefore.push(word);
    else if (word === "--") isBehindDashes = true;
    else if (word.startsWith("-") && word !== "-") {
      const [name = "", ...rest] = word.split("=");
      const option = optionOf(command, name);
      if (option === null || !(option.required || option.optional)) continue;
      if (rest.length === 0) pending = option;
      else values.set(name, rest.join("="));
    } else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (next === undefined) argumentsBefore.push(word);
      else command = next;
    }
  }
  return { command, argumentsBefore, pending, isBehindDashes, values };
}

function optionOf(command: Command, name: string): Option | null {
  return command.options.find(({ long, short }) => long === name || short === name) ?? null;
}

function flagsOf(command: Command, typed: string): readonly Offer[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long?.startsWith(typed) ? [{ value: long, about: description }] : []));
}

function commandsOf(command: Command, typed: string): readonly Offer[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name().startsWith(typed))
    .map((each) => ({ value: each.name(), about: each.description() }));
}
