// All that a server holds, as an oracle compares it.

/** Values by key, each as a text; of numbers and texts alike. */
export async function readHeld(url: string): Promise<Map<string, string>> {
  const response = await fetch(`${url}/keys`);
  const pairs: readonly Record<string, unknown>[] = JSON.parse(await response.text());
  return new Map(pairs.flatMap((pair) => Object.entries(pair).map(([key, value]) => [key, String(value)] as const)));
}
