// Which store `keyhold doctor --store` means, and the checks that go with its kind.
import { hidePassword } from "../../config/hidden-passwords.ts";
import { parseStoreLocation } from "../../config/store-location.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { CommandContext } from "../command.ts";
import { textFlag } from "../flags.ts";
import type { Finding } from "./finding.ts";
import { type Clock, checkStore } from "./store-checks.ts";
import { checkValkey } from "./valkey-checks.ts";

/** @throws "invalid-parameter" on a name of no store */
export async function checkStoreOf(text: string, context: CommandContext, clock: Clock): Promise<readonly Finding[]> {
  const parsed = parseStoreLocation(text);
  const shown = JSON.stringify(hidePassword(text));
  if (parsed.is === "refused")
    throw new KeyholdError("invalid-parameter", `Cannot use --store ${shown}: ${parsed.problem}`);
  const { location } = parsed;
  switch (location.engine) {
    case "sqlite":
      return checkStore(location.directory, { ...clock, backupDirectory: textFlag(context.command, "backups") });
    case "valkey":
      return checkValkey(text, context, clock);
    case "memory":
      throw new KeyholdError("invalid-parameter", "A store in memory is its server's alone: look at that, by --url");
    default:
      return location satisfies never;
  }
}
