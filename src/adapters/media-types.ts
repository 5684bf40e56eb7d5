// The media types that adapters store values under, so that `curl` and the console show them as what they are.

export const TEXT_TYPE = "text/plain; charset=utf-8";
export const JSON_TYPE = "application/json";
export const BYTES_TYPE = "application/octet-stream";

/**
 * The type of a text that a library has serialized: JSON for an object or a list, so that others see it as such, else text. Either
 * way the text is kept to the letter.
 */
export function typeOfText(text: string): string {
  return isJsonStructure(text) ? JSON_TYPE : TEXT_TYPE;
}

function isJsonStructure(text: string): boolean {
  if (!/^(?:\{.*\}|\[.*\])$/s.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
