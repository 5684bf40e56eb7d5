// Colours on terminals, and nowhere else: NO_COLOR and FORCE_COLOR as their conventions have them.
import { styleText } from "node:util";
import type { Environment } from "./command.ts";

export type Style = "bold" | "dim" | "cyan" | "green" | "yellow" | "red";
export type Paint = (style: Style, text: string) => string;

/** @param isTerminal - whether what is painted is shown on one */
export function makePaint(isTerminal: boolean, environment: Environment): Paint {
  if (!hasColours(isTerminal, environment)) return (_, text) => text;
  return (style, text) => styleText(style, text, { validateStream: false });
}

function hasColours(isTerminal: boolean, { NO_COLOR, FORCE_COLOR, TERM }: Environment): boolean {
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  return isTerminal && TERM !== "dumb";
}
