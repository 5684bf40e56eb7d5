// The scripts that run on the server, by name. Their texts are part of the program; servers know them by their digests.
import { createHash } from "node:crypto";
import commit from "./commit.lua" with { type: "text" };
import confirm from "./confirm.lua" with { type: "text" };
import count from "./count.lua" with { type: "text" };
import create from "./create.lua" with { type: "text" };
import look from "./look.lua" with { type: "text" };
import remove from "./remove.lua" with { type: "text" };
import type { Script } from "./servers.ts";
import token from "./token.lua" with { type: "text" };
import trim from "./trim.lua" with { type: "text" };

export const SCRIPTS = {
  commit: makeScript(commit),
  confirm: makeScript(confirm),
  count: makeScript(count),
  create: makeScript(create),
  look: makeScript(look),
  remove: makeScript(remove),
  token: makeScript(token),
  trim: makeScript(trim),
} as const satisfies Record<string, Script>;

function makeScript(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}
