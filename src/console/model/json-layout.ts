// JSON for the eye: laid out and coloured without ever becoming numbers and objects, so that 106242075399214372653, 1.0,
// the order of members and members that stand twice are kept as they are.
import { endOfString, endOfWord, skipSpace } from "../../wire/json-scan.ts";

export type JsonInk = "name" | "text" | "number" | "word" | "mark";

export interface JsonPart {
  readonly ink: JsonInk;
  readonly text: string;
}

/** Null for valid JSON, else what is wrong with it and where. */
export function judgeJson(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? withLine(error.message, text) : String(error);
  }
}

/** Requires: valid JSON. */
export function layOut(text: string): string {
  return writeParts(text, 2)
    .map((part) => part.text)
    .join("");
}

/** On one line, without white space between its parts. Requires: valid JSON. */
export function compact(text: string): string {
  return writeParts(text, 0)
    .map((part) => part.text)
    .join("");
}

/**
 * The parts of a text, laid out.
 *
 * @param step - blanks by which each level stands further in; 0 for one line
 * Requires: valid JSON.
 */
export function writeParts(text: string, step: number): readonly JsonPart[] {
  const parts: JsonPart[] = [];
  let depth = 0;
  const mark = (shown: string) => parts.push({ ink: "mark", text: shown });
  const line = () => (step > 0 ? `\n${" ".repeat(depth * step)}` : "");
  for (let position = skipSpace(text, 0); position < text.length; position = skipSpace(text, position)) {
    const character = text[position];
    if (character === "{" || character === "[") {
      const next = skipSpace(text, position + 1);
      if (text[next] === "}" || text[next] === "]") {
        mark(character + text[next]);
        position = next + 1;
        continue;
      }
      depth++;
      mark(character + line());
      position++;
    } else if (character === "}" || character === "]") {
      depth--;
      mark(line() + character);
      position++;
    } else if (character === ",") {
      mark(`,${line()}`);
      position++;
    } else if (character === ":") {
      mark(step > 0 ? ": " : ":");
      position++;
    } else position = takeScalar(text, position, parts);
  }
  return parts;
}

function takeScalar(text: string, start: number, parts: JsonPart[]): number {
  if (text[start] === '"') {
    const end = endOfString(text, start);
    const isName = text[skipSpace(text, end)] === ":";
    parts.push({ ink: isName ? "name" : "text", text: text.slice(start, end) });
    return end;
  }
  const colonless = endOfWord(text, start);
  parts.push({ ink: /^[-\d]/.test(text[start] ?? "") ? "number" : "word", text: text.slice(start, colonless) });
  return Math.max(colonless, start + 1);
}

/** Engines name a position or a line; the line is what an editor shows. */
function withLine(message: string, text: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined || /line \d+/.test(message)) return message;
  const before = text.slice(0, Number(position)).split("\n");
  return `${message} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
