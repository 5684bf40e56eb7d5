// What keeps an adapter that can clear to its own entries.

/** @throws TypeError for an empty prefix: to clear what is below it would be to clear the store */
export function ownPrefix(prefix: string): string {
  if (prefix === "")
    throw new TypeError("The prefix is empty, and would make every entry of the store the adapter's own");
  return prefix;
}
