// Reads names and what a list shows beside them. Names come by themselves, which is quick for ten thousand of them; details
// come with their values, and so only for the rows that are on the screen.
import { KeyholdError } from "../../core/errors.ts";
import { membersOf } from "../../wire/json-object.ts";
import { type Ask, ask, query } from "./ask.ts";
import { isFault } from "./fault.ts";
import type { Requests } from "./requests.ts";
import { isWhole, type Selection, selecting } from "./selection.ts";

export interface NamesPage {
  readonly names: readonly string[];
  /** Null at the end. */
  readonly cursor: string | null;
  /** The place in the change log from which a watch goes on without a gap. */
  readonly feedCursor: string | null;
}

/** What a row shows of an entry besides its name. */
export interface RowDetail {
  readonly contentType: string;
  readonly bytes: number;
  /** Null for never. */
  readonly expiresAt: number | null;
  /** The beginning of the value; null for bytes that are no text. */
  readonly preview: string | null;
}

export interface NamesRange {
  readonly start?: string | null;
  readonly end?: string | null;
  readonly cursor?: string | null;
  readonly limit: number;
}

const PREVIEW_LENGTH = 160;
/** Longer texts are shown by their beginning as it is escaped. */
const PARSED_LENGTH = 20_000;

export class KeyReader {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async names(selection: Selection, range: NamesRange, signal: AbortSignal): Promise<NamesPage> {
    const { start = null, end = null, cursor = null, limit } = range;
    const target = `/keys${query({ keys: true, ...selecting(selection), start, end, limit, cursor })}`;
    const response = await this.#requests.read(ask("GET", target), signal);
    const found: unknown = await response.json();
    return {
      names: Array.isArray(found) ? found.map(String) : [],
      cursor: cursorOf(response.headers.get("Link")),
      feedCursor: response.headers.get("Cursor"),
    };
  }

  /** How many keys there are. All of a store are known to the server; it tells that to who may see `/-/info`. */
  async count(selection: Selection, signal: AbortSignal): Promise<number> {
    const known = isWhole(selection) ? await this.#entries(signal) : null;
    if (known !== null) return known;
    const response = await this.#requests.read(countAsk(selection), signal);
    return Number(response.headers.get("Total-Count") ?? 0);
  }

  async #entries(signal: AbortSignal): Promise<number | null> {
    try {
      const response = await this.#requests.read(ask("GET", "/-/info"), signal);
      const entries = /"entries":\s*(\d+)/.exec(await response.text())?.[1];
      return entries === undefined ? null : Number(entries);
    } catch (error) {
      if (isFault(error, "forbidden")) return null;
      throw error;
    }
  }

  /** Details of at most `limit` entries from a key on; fewer where their values are long. */
  async details(
    selection: Selection,
    range: { readonly start: string; readonly limit: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RowDetail>> {
    const target = `/keys${query({ ...selecting(selection), meta: true, ...range })}`;
    const response = await this.#requests.read(ask("GET", target, { Accept: "application/x-ndjson" }), signal);
    const lines = (await response.text()).split("\n").filter((line) => line !== "");
    return new Map(lines.map(readDetail));
  }
}

function countAsk(selection: Selection): Ask {
  return ask("HEAD", `/keys${query({ ...selecting(selection), limit: 1, count: true })}`);
}

/** The cursor of the next page (RFC 8288). */
function cursorOf(link: string | null): string | null {
  const target = /<([^>]*)>\s*;\s*rel="next"/.exec(link ?? "")?.[1];
  return target === undefined ? null : new URL(target, "http://any").searchParams.get("cursor");
}

/** A line of `?meta`, whose value is kept as text: numbers in it would not survive being read. */
function readDetail(line: string): readonly [string, RowDetail] {
  const members = new Map(membersOf(line, notAnEntry).map(({ name, text }) => [name, text]));
  const read = (name: string): unknown => JSON.parse(members.get(name) ?? "null");
  const endsAt = read("expires_at");
  return [
    String(read("key")),
    {
      contentType: String(read("content_type")),
      bytes: Number(read("size")),
      expiresAt: typeof endsAt === "string" ? Date.parse(endsAt) : null,
      preview: previewOf(members.get("value") ?? ""),
    },
  ];
}

function previewOf(json: string): string | null {
  if (/^\{\s*"\$base64"/.test(json)) return null;
  const wrapped = /^\{\s*"\$json"\s*:\s*(.*)\}$/s.exec(json)?.[1];
  const text = wrapped ?? (json.startsWith('"') ? stringOf(json) : json);
  return text.slice(0, PREVIEW_LENGTH).replaceAll(/\s+/g, " ");
}

function stringOf(json: string): string {
  return json.length > PARSED_LENGTH ? json.slice(1, PREVIEW_LENGTH) : String(JSON.parse(json));
}

function notAnEntry(found: string): KeyholdError {
  return new KeyholdError("invalid-json", `The listing has ${found} where an entry should be`);
}
