// Where the parts of a valid JSON text end (RFC 8259): what reads texts without parsing them stands on these.

const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const SQUARE_CLOSE = 0x5d;
const CURLY_CLOSE = 0x7d;

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
