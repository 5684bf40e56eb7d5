// Reads one entry with its value and its exact instants, which no single answer has: the bytes with their tag, and the whole view
// of the same revision.
import { ask, entryPath } from "./ask.ts";
import { type FullEntry, readAsk } from "./entry-asks.ts";
import type { Requests } from "./requests.ts";

/** Of longer values the instants are taken from header fields, by the second, as the whole view has the value once more. */
const WHOLE_VIEW_BYTES = 4 * 1024 * 1024;
const READS_MAX = 3;

/** @throws KeyholdError "not-found" where there is none */
export async function readEntry(
  key: string,
  by: { readonly requests: Requests; readonly now: () => number; readonly isShown: boolean },
  signal: AbortSignal,
): Promise<FullEntry> {
  const { requests, now, isShown } = by;
  for (let attempt = 1; ; attempt++) {
    const request = readAsk(key);
    const response = await (isShown && attempt === 1
      ? requests.act("Open", request, signal)
      : requests.read(request, signal));
    const entry = await toEntry(key, response, now());
    if (entry.bytes.length > WHOLE_VIEW_BYTES) return entry;
    const whole = await requests.read(ask("GET", `${entryPath(key)}?meta`), signal);
    const isSame = Number(whole.headers.get("Revision")) === entry.revision;
    if (isSame) return { ...entry, ...instantsOf(await whole.text()) };
    if (attempt >= READS_MAX) return entry;
  }
}

async function toEntry(key: string, response: Response, now: number): Promise<FullEntry> {
  const { headers } = response;
  const ttl = headers.get("TTL");
  return {
    key,
    bytes: new Uint8Array(await response.arrayBuffer()),
    contentType: headers.get("Content-Type") ?? "application/octet-stream",
    etag: headers.get("ETag") ?? "",
    revision: Number(headers.get("Revision")),
    createdAt: null,
    modifiedAt: Date.parse(headers.get("Last-Modified") ?? ""),
    expiresAt: ttl === null ? null : now + Number(ttl) * 1000,
  };
}

/** The instants stand behind the value, whose text may hold anything. */
function instantsOf(json: string): Pick<FullEntry, "createdAt" | "modifiedAt" | "expiresAt"> {
  const pattern = /"created_at":\s*"([^"]+)",\s*"modified_at":\s*"([^"]+)",\s*"expires_at":\s*(?:"([^"]+)"|null)/g;
  const [, created = "", modified = "", expires = null] = [...json.matchAll(pattern)].at(-1) ?? [];
  return {
    createdAt: Date.parse(created),
    modifiedAt: Date.parse(modified),
    expiresAt: expires === null ? null : Date.parse(expires),
  };
}
