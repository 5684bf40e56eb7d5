// The folders that keys make by themselves, where `/` or `:` stands in them. A server knows no folders, so they are found by
// reading names and leaping: once a page ends within a folder, the next begins behind all of it. A folder of a million keys
// costs one request, whatever is in it.
import { endOfPrefix } from "../../core/key.ts";

export interface Folder {
  /** With its delimiter at the end, as the keys in it begin. */
  readonly prefix: string;
  readonly label: string;
}

export interface FolderPage {
  readonly folders: readonly Folder[];
  /** Where there are more folders than are shown. */
  readonly isCut: boolean;
}

export type ReadNames = (range: {
  readonly prefix: string;
  readonly start: string | null;
  readonly limit: number;
}) => Promise<readonly string[]>;

const PAGE_KEYS = 500;
/** Folders of one level that are shown. */
export const FOLDERS_MAX = 200;
const REQUESTS_MAX = 60;

/** The folders directly in a prefix. */
export async function readFolders(prefix: string, delimiters: string, read: ReadNames): Promise<FolderPage> {
  const folders = new Map<string, Folder>();
  let start: string | null = null;
  for (let asked = 0; asked < REQUESTS_MAX && folders.size < FOLDERS_MAX; asked++) {
    const names: readonly string[] = await read({ prefix, start, limit: PAGE_KEYS });
    let last: Folder | null = null;
    for (const name of names) {
      last = folderOf(name, prefix, delimiters);
      if (last !== null) folders.set(last.prefix, last);
    }
    if (names.length < PAGE_KEYS) return { folders: [...folders.values()], isCut: false };
    start = last === null ? (names.at(-1) ?? null) : endOfPrefix(last.prefix);
    if (start === null) return { folders: [...folders.values()], isCut: false };
  }
  return { folders: [...folders.values()].slice(0, FOLDERS_MAX), isCut: true };
}

/** The folder directly in a prefix that a key lies in; null for a key that lies in none. */
export function folderOf(key: string, prefix: string, delimiters: string): Folder | null {
  for (let position = prefix.length; position < key.length; position++) {
    if (!delimiters.includes(key[position] ?? "")) continue;
    return { prefix: key.slice(0, position + 1), label: key.slice(prefix.length, position + 1) };
  }
  return null;
}

/** The prefixes that lead to a prefix, outermost first: `a/`, `a/b:`. */
export function trailOf(prefix: string, delimiters: string): readonly Folder[] {
  const trail: Folder[] = [];
  let from = "";
  for (let folder = folderOf(prefix, from, delimiters); folder !== null; folder = folderOf(prefix, from, delimiters)) {
    trail.push(folder);
    from = folder.prefix;
  }
  if (from !== prefix) trail.push({ prefix, label: prefix.slice(from.length) });
  return trail;
}
