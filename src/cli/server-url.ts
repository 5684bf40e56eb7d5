// The URL of a running server as the commands take it: scheme, host and port. A path would be lost or doubled, depending on
// who puts its own behind it, and a password would come to stand in messages.
import { KeyholdError } from "../core/errors.ts";

/**
 * "http://127.0.0.1:3000", without a slash at the end.
 *
 * @param argument - as what it was given
 * @throws "invalid-parameter", without what stands before an "@"
 */
export function parseServerUrl(text: string, argument = "--url"): string {
  const url = /^https?:\/\/[^\s\\?#@]+$/i.test(text) ? URL.parse(text) : null;
  if (url !== null && url.pathname === "/") return url.origin;
  const shown = text.replace(/^([a-z]+:\/\/)?.*@/is, "$1…@");
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use ${argument} ${JSON.stringify(shown)}: expected scheme, host and port, such as http://127.0.0.1:3000`,
  );
}
