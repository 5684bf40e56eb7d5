// `keyhold completion SHELL`: the script that makes a shell ask `keyhold complete` at TAB. Those of zsh, fish and PowerShell are
// @bomb.sh/tab's; bash has one of ours, because what the library's hands to `compgen -W` is expanded once more, so that a key
// named $(reboot) would be run (docs/adr/0036).
import { Argument, Option } from "commander";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

const NOTES = `
Keys are asked of the server that the line or KEYHOLD_URL names; names with other marks than _ . / : @ % + = , - are
not offered, as a shell might do more with them than show them.`;

export const COMPLETION: CommandBody = {
  notes: NOTES,
  declareFlags(command) {
    command.addArgument(new Argument("<SHELL>", "Of the shell").choices(SHELLS));
    command.addOption(new Option("--name <NAME>", "What the command is called in it").default("keyhold"));
  },
  run,
};

async function run({ command, host }: CommandContext): Promise<number> {
  const [shell = ""] = command.args;
  const name = String(command.getOptionValue("name"));
  if (shell === "bash") host.writeOut(bashScript(name));
  else {
    const { script } = await import("@bomb.sh/tab");
    script(shell, name, name);
  }
  return EXIT.ok;
}

/** Works in bash 3.2 and later, with nothing else installed. What is offered is compared and shown, and never expanded. */
function bashScript(name: string): string {
  const identifier = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return String.raw`# bash completion for ${name}
__${identifier}_complete() {
    local line="${"$"}{COMP_LINE:0:COMP_POINT}" word directive=4 flag="" cut="" value
    local -a words
    IFS=$' \t' read -r -a words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    word="${"$"}{words[${"$"}{#words[@]} - 1]}"
    # The words of readline also end at these; it takes what follows the last of them.
    [[ $word == --*=* ]] && flag="${"$"}{word%%=*}="
    [[ $word == *[:=]* ]] && cut="${"$"}{word%"${"$"}{word##*[:=]}"}"
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        if [[ $value == :* ]]; then
            directive="${"$"}{value#:}"
        elif [[ -n $value ]]; then
            value="$flag$value"
            COMPREPLY+=("${"$"}{value#"$cut"}")
        fi
    done < <("${"$"}{COMP_WORDS[0]}" complete -- "${"$"}{words[@]:1}" 2>/dev/null)
    if ((directive & 16)); then
        compopt -o dirnames 2>/dev/null
    elif ! ((directive & 4)); then
        compopt -o default 2>/dev/null
    fi
    return 0
}
complete -F __${identifier}_complete ${name}
`;
}
