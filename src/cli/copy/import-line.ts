// An entry as a line that an import takes. Revision and instants are left out: who takes it gives its own.
import type { CopiedEntry } from "./side.ts";

/** Base64 throughout: it is read by a program alone. */
export function importLine({ key, value, contentType, expiresAt }: CopiedEntry): string {
  const line = {
    key,
    base64: value.toBase64(),
    content_type: contentType,
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
  return `${JSON.stringify(line)}\n`;
}
