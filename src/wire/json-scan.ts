// Where the parts of a valid JSON text end (RFC 8259): what reads texts without parsing them stands on these.

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const SQUARE_OPEN = 0x5b;
const SQUARE_CLOSE = 0x5d;
const CURLY_OPEN = 0x7b;
const CURLY_CLOSE = 0x7d;

/**
 * How many values a text has, or a few more: in all, and directly in the array or object that it is. Looks at brackets and commas
 * alone, so that a text can be refused before anything is made of it; it need not be valid.
 */
export function countParts(text: string): { readonly all: number; readonly top: number } {
  let all = 1;
  let top = 1;
  let depth = 0;
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      position = endOfString(text, position) - 1;
      if (position < 0) break;
    } else if (code === COMMA) {
      all++;
      if (depth === 1) top++;
    } else if (code === SQUARE_OPEN || code === CURLY_OPEN) {
      all++;
      depth++;
    } else if (code === SQUARE_CLOSE || code === CURLY_CLOSE) depth--;
  }
  return { all, top };
}

/** The position of the first character from `start` on that is no white space. */
export function skipSpace(text: string, start: number): number {
  let position = start;
  while (isSpace(text.charCodeAt(position))) position++;
  return position;
}

/** Just behind the number, true, false or null that begins at `start`. */
export function endOfWord(text: string, start: number): number {
  let position = start;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === COMMA || code === SQUARE_CLOSE || code === CURLY_CLOSE || isSpace(code)) break;
  }
  return position;
}

/** Just behind the closing quote of the string that opens at `start`. */
export function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position;
  while (text.charCodeAt(before - 1) === BACKSLASH) before--;
  return (position - before) % 2 === 1;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
